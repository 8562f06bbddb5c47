/** The calls of accounts: signing up, in and out, the profile, API tokens. */
import { request, remove, sendJson } from './client.js';

/**
 * @typedef {import('./shapes.js').User} User
 * @typedef {import('./shapes.js').Token} Token
 */

/** @returns {Promise<User>} */
export const me = () => request('/me');

/**
 * @param {{email: string, name: string, affiliation: string, password: string}} facts
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
 * @param {Partial<Pick<User, 'name' | 'affiliation'>>} changes
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
 * @param {{name: string, scopes: string[], expires_in_days: number | null}} wanted
 * @returns {Promise<Token & {secret: string}>}
 */
export const makeToken = (wanted) => sendJson('POST', '/me/tokens', wanted);

/** @param {string} id @returns {Promise<void>} */
export const revokeToken = (id) => remove(`/me/tokens/${encodeURIComponent(id)}`);
