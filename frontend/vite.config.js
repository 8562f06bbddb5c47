import { defineConfig } from 'vitest/config';

const API = process.env.POCOVID_API ?? 'http://127.0.0.1:8000';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the page's content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    manifest: true, // for scripts/size.js
  },
  server: { proxy: { '/api': API } },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.{js,jsx}'],
    setupFiles: ['tests/setup.js'],
    mockReset: true,
    testTimeout: 30_000, // a machine that does other work as well is slow, and not wrong
  },
});
