import js from '@eslint/js';
import imports, { createNodeResolver } from 'eslint-plugin-import-x';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';

/**
 * What each room of src/ may import besides itself; app/ and main.jsx may import every room.
 * @type {Record<string, string[]>}
 */
const ROOMS = {
  api: [],
  shared: ['api'],
  account: ['api', 'shared'],
  admin: ['api', 'shared'],
  contribute: ['api', 'shared'],
  dataset: ['api', 'shared'],
  dicom: ['api', 'shared'],
  review: ['api', 'shared'],
  screen: ['api', 'shared'],
};

export default [
  { ignores: ['dist/', 'node_modules/'] },
  { files: ['**/*.js', '**/*.jsx'] }, // patterns that end in a star do not add a file type
  js.configs.recommended,
  a11y.flatConfigs.strict,
  {
    plugins: { 'react-hooks': hooks },
    settings: { 'jsx-a11y': { attributes: { for: ['for'] } } }, // as Preact writes it
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error',
      'no-unused-vars': 'off', // tsc's noUnusedLocals knows what JSX uses
    },
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: globals.browser,
    },
  },
  {
    files: ['src/**', 'tests/**'],
    plugins: { 'import-x': imports },
    settings: {
      'import-x/extensions': ['.js', '.jsx'],
      'import-x/resolver-next': [createNodeResolver()],
    },
    rules: {
      'import-x/no-unresolved': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: Object.entries(ROOMS).map(([room, others]) => ({
            target: `src/${room}`,
            from: 'src',
            except: [room, ...others].map((name) => `./${name}`),
            message: `src/${room}/ may import ${['itself', ...others].join(', ')}: see eslint.config.js.`,
          })),
        },
      ],
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/api/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['fetch', 'XMLHttpRequest', 'EventSource'].map((name) => ({
          name,
          message: 'Only src/api/ talks to the network.',
        })),
      ],
    },
  },
  { files: ['scripts/**', '*.config.js'], languageOptions: { globals: globals.node } },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
];
