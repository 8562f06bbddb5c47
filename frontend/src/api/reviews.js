/** The calls of reviewing: the queue, claims, the player's pictures, verdicts, agreement. */
import { ROOT, request, remove, query, sendJson } from './client.js';

/**
 * @typedef {import('./schema.d.ts').ReviewItem} Contribution
 * @typedef {import('./schema.d.ts').CineOut} Cine
 * @typedef {import('./schema.d.ts').StatsOut} Stats
 * @typedef {import('./schema.d.ts').Verdict} Verdict
 * @typedef {import('./schema.d.ts').Reason} Reason of a rejection
 * @typedef {Contribution['findings']} Findings true: seen, false: not seen; left out: not said
 *
 * @typedef {object} Filters of the queue; an empty string is no filter
 * @property {string} label
 * @property {string} source
 * @property {string} probe
 * @property {string} older_than_h
 * @property {boolean} disputed
 */

/** @param {string} id */
const contributionPath = (id) => `/contributions/${encodeURIComponent(id)}`;

/** @param {Filters} filters what is empty is left out */
const asked = ({ label, source, probe, older_than_h, disputed }) => ({
  label: label || null,
  source: source || null,
  probe: probe || null,
  older_than_h: older_than_h ? Number(older_than_h) : null,
  disputed: disputed || null,
});

/**
 * @param {Filters} filters
 * @param {string | null} [cursor]
 * @returns {Promise<import('./schema.d.ts').QueueOut>}
 */
export const queue = (filters, cursor = null) =>
  request(`/reviews/queue${query({ ...asked(filters), cursor })}`);

/**
 * Claim the next recording of the queue.
 * @param {Filters} filters
 * @returns {Promise<Contribution | undefined>} undefined: there is none
 */
export function next(filters) {
  const given = Object.entries(asked(filters)).filter(([, value]) => value !== null);
  return sendJson('POST', '/reviews/next', Object.fromEntries(given));
}

/**
 * Claim this recording, or renew the claim on it.
 * @param {string} id
 * @returns {Promise<Contribution>}
 */
export const claim = (id) => sendJson('POST', `${contributionPath(id)}/claim`);

/** @param {string} id @returns {Promise<void>} */
export const release = (id) => remove(`${contributionPath(id)}/claim`);

/** @param {string} id @returns {Promise<Cine>} */
export const cine = (id) => request(`${contributionPath(id)}/cine`);

/** @param {string} id */
export const contactSheetUrl = (id) => `${ROOT}${contributionPath(id)}/contact-sheet.jpg`;

/**
 * Give a verdict.
 * @param {string} id of the contribution
 * @param {import('./schema.d.ts').ReviewIn} verdict
 * @returns {Promise<import('./schema.d.ts').GivenOut>}
 */
export const review = (id, verdict) => sendJson('POST', `${contributionPath(id)}/reviews`, verdict);

/** Take a verdict back. @param {string} reviewId @returns {Promise<void>} */
export const undo = (reviewId) => remove(`/reviews/${encodeURIComponent(reviewId)}`);

/** @returns {Promise<Stats>} */
export const stats = () => request('/reviews/stats');
