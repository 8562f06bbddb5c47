/** The calls of reviewing: the queue, claims, the player's pictures, verdicts, agreement. */
import { call } from './call.js';
import { requestFile, ROOT } from './client.js';

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
 * @property {string} order what comes first: see `QueueOrder`
 */

/** @param {string} id */
const ofContribution = (id) => ({ contribution_id: id });

/** @param {Filters} filters what is empty is left out */
const toQuery = ({ label, source, probe, older_than_h, disputed, order }) => ({
  label: label || null,
  source: source || null,
  probe: probe || null,
  older_than_h: older_than_h ? Number(older_than_h) : null,
  disputed: disputed || null,
  order: order || null,
});

/**
 * @param {Filters} filters
 * @param {string | null} [cursor]
 */
export const queue = (filters, cursor = null) =>
  call('get', '/reviews/queue', { query: { ...toQuery(filters), cursor } });

/**
 * Claim the next recording of the queue; the answer is undefined where there is none.
 * @param {Filters} filters
 */
export function next(filters) {
  const given = Object.entries(toQuery(filters)).filter(([, value]) => value !== null);
  return call('post', '/reviews/next', { body: Object.fromEntries(given) });
}

/** Claim this recording, or renew the claim on it. @param {string} id */
export const claim = (id) =>
  call('post', '/contributions/{contribution_id}/claim', { path: ofContribution(id) });

/** @param {string} id */
export const release = (id) =>
  call('delete', '/contributions/{contribution_id}/claim', { path: ofContribution(id) });

/** @param {string} id */
export const cine = (id) =>
  call('get', '/contributions/{contribution_id}/cine', { path: ofContribution(id) });

/** @param {string} id */
export const contactSheetUrl = (id) =>
  `${ROOT}/contributions/${encodeURIComponent(id)}/contact-sheet.jpg`;

/**
 * The maps of a frame, as one grey picture; there are none before a verdict. See `splitMaps`.
 * @param {string} id of the contribution
 * @param {number} n
 */
export const signMaps = (id, n) =>
  requestFile(`/contributions/${encodeURIComponent(id)}/frames/${n}/signs.png`);

/**
 * Give a verdict.
 * @param {string} id of the contribution
 * @param {import('./schema.d.ts').ReviewIn} verdict
 */
export const review = (id, verdict) =>
  call('post', '/contributions/{contribution_id}/reviews', {
    path: ofContribution(id),
    body: verdict,
  });

/** Take a verdict back. @param {string} reviewId */
export const undo = (reviewId) =>
  call('delete', '/reviews/{review_id}', { path: { review_id: reviewId } });

export const stats = () => call('get', '/reviews/stats');
