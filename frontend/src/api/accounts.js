/** The calls of accounts: signing up, in and out, the profile, API tokens. */
import { request, remove, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').UserOut} User
 * @typedef {import('./schema.d.ts').Role} Role each may also do what those before it may
 * @typedef {import('./schema.d.ts').TokenOut} Token
 * @typedef {import('./schema.d.ts').Scope} Scope what an API token may be used for
 */

/** @returns {Promise<User>} */
export const me = () => request('/me');

/**
 * @param {import('./schema.d.ts').SignUpIn} facts
 * @returns {Promise<User>}
 */
export const signUp = (facts) => sendJson('POST', '/accounts', facts);

/**
 * @param {string} email
 * @param {string} password
 * @returns {Promise<User>}
 */
export const signIn = (email, password) => sendJson('POST', '/sign-in', { email, password });

/** @returns {Promise<void>} */
export const signOut = () => sendJson('POST', '/sign-out');

/**
 * @param {import('./schema.d.ts').ProfileIn} changes
 * @returns {Promise<User>}
 */
export const changeMe = (changes) => sendJson('PATCH', '/me', changes);

/**
 * @param {string} current
 * @param {string} wanted
 * @returns {Promise<void>}
 */
export const changePassword = (current, wanted) =>
  sendJson('POST', '/me/password', { current_password: current, new_password: wanted });

/**
 * Have a link mailed; the answer tells nobody whether there is such an account.
 * @param {string} email
 * @returns {Promise<void>}
 */
export const requestReset = (email) => sendJson('POST', '/password-resets', { email });

/**
 * @param {string} secret of the link
 * @param {string} password
 * @returns {Promise<void>}
 */
export const resetPassword = (secret, password) =>
  sendJson('POST', `/password-resets/${encodeURIComponent(secret)}`, { password });

/** @returns {Promise<Token[]>} */
export const tokens = async () => (await request('/me/tokens')).items;

/**
 * @param {import('./schema.d.ts').TokenIn} wanted
 * @returns {Promise<import('./schema.d.ts').TokenMade>}
 */
export const makeToken = (wanted) => sendJson('POST', '/me/tokens', wanted);

/** @param {string} id @returns {Promise<void>} */
export const revokeToken = (id) => remove(`/me/tokens/${encodeURIComponent(id)}`);
