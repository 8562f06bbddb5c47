/** What a reviewer has set and typed about a recording, kept over a reload of this tab. */

/**
 * @typedef {import('./shapes.js').Contribution} Contribution
 * @typedef {import('./shapes.js').Draft} Draft
 */

const PLACE = 'pocovid.review.';
const CURRENT = 'pocovid.reviewing';

/**
 * What the contributor said, before the reviewer has changed anything.
 * @param {Contribution} contribution
 * @returns {Draft}
 */
export const untouched = ({ label, findings, proposed_crop }) => ({
  label: label ?? '',
  findings: { ...findings },
  square: proposed_crop,
  trimStart: null,
  trimEnd: null,
  unmarked: false,
  comment: '',
});

/** @param {Contribution} contribution @returns {Draft} */
export function draftOf(contribution) {
  const kept = sessionStorage.getItem(PLACE + contribution.id);
  return { ...untouched(contribution), ...(kept ? JSON.parse(kept) : {}) };
}

/** @param {string} id @param {Draft} draft */
export function keepDraft(id, draft) {
  sessionStorage.setItem(PLACE + id, JSON.stringify(draft));
}

/** @param {string} id */
export function dropDraft(id) {
  sessionStorage.removeItem(PLACE + id);
}

/** The recording this tab is at work on, by its id; a reload goes on with it. */
export const current = () => sessionStorage.getItem(CURRENT);

/** @param {string | null} id */
export function setCurrent(id) {
  if (id) sessionStorage.setItem(CURRENT, id);
  else sessionStorage.removeItem(CURRENT);
}

const LAST = 'pocovid.verdict';

/** The last verdict of this tab, which can be taken back. @returns {import('./shapes.js').Given | null} */
export function lastGiven() {
  const kept = sessionStorage.getItem(LAST);
  return kept ? JSON.parse(kept) : null;
}

/** @param {import('./shapes.js').Given | null} given */
export function keepLast(given) {
  if (given) sessionStorage.setItem(LAST, JSON.stringify(given));
  else sessionStorage.removeItem(LAST);
}
