/** The user who is signed in. */
import { signal } from '@preact/signals';
import * as api from '../api/accounts.js';
import { csrfToken, onSignedOut } from '../api/client.js';
import { announce } from './announcer.js';
import { Problem } from '../api/problem.js';

/** @typedef {import('../api/accounts.js').User} User */
/** @typedef {import('../api/accounts.js').Role} Role */

/** The person; null: nobody; undefined: not known yet. */
export const user = signal(/** @type {User | null | undefined} */ (undefined));

/** @type {readonly Role[]} each may also do what those before it may */
const ROLES = ['contributor', 'reviewer', 'admin'];

/**
 * Whether the person may do what somebody of this role does.
 * @param {Role} role
 */
export const isAtLeast = (role) =>
  Boolean(user.value) &&
  ROLES.indexOf(/** @type {User} */ (user.value).role) >= ROLES.indexOf(role);

const RETRY_MS = 5000;

/** Find out who is signed in; the service is only asked if there is a session cookie. */
export async function loadUser() {
  onSignedOut(onSessionEnd);
  if (!csrfToken()) {
    user.value = null;
    return;
  }
  try {
    user.value = await api.me();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status >= 400 && problem.status < 500 && !problem.busy) user.value = null;
    else setTimeout(loadUser, RETRY_MS);
  }
}

/** The session is over: pages that need one ask to sign in, at the address where they are. */
function onSessionEnd() {
  if (user.value) announce('You have been signed out. Sign in to continue where you were.');
  user.value = null;
}

/**
 * @param {string} email
 * @param {string} password
 */
export async function signIn(email, password) {
  user.value = await api.signIn(email, password);
}

/** @param {Parameters<typeof api.signUp>[0]} facts */
export async function signUp(facts) {
  user.value = await api.signUp(facts);
}

export async function signOut() {
  await api.signOut();
  user.value = null;
  announce('You are signed out.');
}
