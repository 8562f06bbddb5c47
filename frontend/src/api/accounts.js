/** The calls of accounts: signing up, in and out, the profile, API tokens. */
import { call } from './call.js';

/**
 * @typedef {import('./schema.d.ts').UserOut} User
 * @typedef {import('./schema.d.ts').Role} Role each may also do what those before it may
 * @typedef {import('./schema.d.ts').TokenOut} Token
 * @typedef {import('./schema.d.ts').Scope} Scope what an API token may be used for
 */

export const me = () => call('get', '/me');

/** @param {import('./schema.d.ts').SignUpIn} facts */
export const signUp = (facts) => call('post', '/accounts', { body: facts });

/**
 * @param {string} email
 * @param {string} password
 */
export const signIn = (email, password) => call('post', '/sign-in', { body: { email, password } });

export const signOut = () => call('post', '/sign-out');

/** @param {import('./schema.d.ts').ProfileIn} changes */
export const changeMe = (changes) => call('patch', '/me', { body: changes });

/**
 * @param {string} current
 * @param {string} wanted
 */
export const changePassword = (current, wanted) =>
  call('post', '/me/password', { body: { current_password: current, new_password: wanted } });

/**
 * Have a link mailed; the answer is the same where there is no such account.
 * @param {string} email
 */
export const requestReset = (email) => call('post', '/password-resets', { body: { email } });

/**
 * @param {string} secret of the link
 * @param {string} password
 */
export const resetPassword = (secret, password) =>
  call('post', '/password-resets/{secret}', { path: { secret }, body: { password } });

export const tokens = async () => (await call('get', '/me/tokens')).items;

/** @param {import('./schema.d.ts').TokenIn} wanted */
export const makeToken = (wanted) => call('post', '/me/tokens', { body: wanted });

/** @param {string} id */
export const revokeToken = (id) =>
  call('delete', '/me/tokens/{token_id}', { path: { token_id: id } });
