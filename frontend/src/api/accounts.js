/** The calls of accounts: signing up, in and out, the profile, API tokens. */
import { ask, send } from './ask.js';

/**
 * @typedef {import('../shapes.js').User} User
 * @typedef {import('../shapes.js').Token} Token
 */

/** @returns {Promise<User>} */
export const me = () => ask('/me');

/**
 * @param {{email: string, name: string, affiliation: string, password: string}} facts
 * @returns {Promise<User>}
 */
export const signUp = (facts) => send('POST', '/accounts', facts);

/**
 * @param {string} email
 * @param {string} password
 * @returns {Promise<User>}
 */
export const signIn = (email, password) => send('POST', '/sign-in', { email, password });

/** @returns {Promise<void>} */
export const signOut = () => send('POST', '/sign-out');

/**
 * @param {Partial<Pick<User, 'name' | 'affiliation'>>} changes
 * @returns {Promise<User>}
 */
export const changeMe = (changes) => send('PATCH', '/me', changes);
