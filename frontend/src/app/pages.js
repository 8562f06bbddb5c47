/**
 * The pages and their addresses. To add one: a row here, and a module in the room that it belongs to, whose
 * default export is a component that takes `{id, query}` and begins with a `<PageHeading>`.
 */

/**
 * @typedef {object} Page
 * @property {string} name
 * @property {string} path after `#/`; `:id` stands for one part
 * @property {import('../api/accounts.js').Role} [needs] the role that it takes, if any
 * @property {() => Promise<{default: import('preact').ComponentType<import('../shared/address.js').PageProps>}>} [load]
 *   its code, fetched when it is first shown; the screening page's is there from the beginning
 */

/** @type {readonly Page[]} */
export const PAGES = [
  { name: 'screen', path: '' },
  { name: 'screen', path: 'screenings/:id' },
  {
    name: 'contribute',
    path: 'contribute',
    needs: 'contributor',
    load: () => import('../contribute/Contribute.jsx'),
  },
  {
    name: 'contribute',
    path: 'contribute/:id',
    needs: 'contributor',
    load: () => import('../contribute/Submission.jsx'),
  },
  {
    name: 'review',
    path: 'review',
    needs: 'reviewer',
    load: () => import('../review/Review.jsx'),
  },
  {
    name: 'dicom',
    path: 'dicom',
    needs: 'reviewer',
    load: () => import('../dicom/Dicom.jsx'),
  },
  { name: 'dataset', path: 'dataset', load: () => import('../dataset/Dataset.jsx') },
  { name: 'dataset', path: 'dataset/:id', load: () => import('../dataset/Release.jsx') },
  {
    name: 'models',
    path: 'models',
    needs: 'admin',
    load: () => import('../admin/models/Models.jsx'),
  },
  {
    name: 'people',
    path: 'people',
    needs: 'admin',
    load: () => import('../admin/people/People.jsx'),
  },
  { name: 'audit', path: 'audit', needs: 'admin', load: () => import('../admin/audit/Audit.jsx') },
  {
    name: 'checks',
    path: 'checks',
    needs: 'admin',
    load: () => import('../admin/checks/Checks.jsx'),
  },
  {
    name: 'account',
    path: 'account',
    needs: 'contributor',
    load: () => import('../account/Account.jsx'),
  },
  { name: 'sign-in', path: 'sign-in', load: () => import('../account/SignIn.jsx') },
  { name: 'sign-up', path: 'sign-up', load: () => import('../account/SignUp.jsx') },
  { name: 'reset', path: 'reset', load: () => import('../account/RequestReset.jsx') },
  { name: 'reset', path: 'reset/:id', load: () => import('../account/ResetPassword.jsx') },
];

/** @type {Page} */
export const UNKNOWN = {
  name: 'unknown',
  path: '*',
  load: () => import('./NotFound.jsx'),
};
