/** What can be said about the fields of an account before they are sent. */

export const SHORTEST_PASSWORD = 12;

/** @param {string} value */
export const email = (value) =>
  !/^\S+@\S+\.\S+$/.test(value.trim()) &&
  'Enter your e-mail address, for example name@hospital.org.';

/** @param {string} value */
export const name = (value) => !value.trim() && 'Enter your name; reviewers will see it.';

/** @param {string} value */
export const password = (value) => !value && 'Enter your password.';

/** @param {string} value */
export const newPassword = (value) =>
  value.length < SHORTEST_PASSWORD && `Use at least ${SHORTEST_PASSWORD} characters.`;

export const PASSWORD_HINT = `At least ${SHORTEST_PASSWORD} characters; three or four random words work well.`;
