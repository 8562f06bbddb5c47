/** What a reviewer has set and typed about a recording, kept over a reload of this tab. */
import { user } from '../shared/session.js';

/**
 * @typedef {import('../api/reviews.js').Contribution} Contribution
 * @typedef {import('../api/reviews.js').Findings} Findings
 * @typedef {import('../api/reviews.js').Verdict} Verdict
 * @typedef {import('../api/screenings.js').Square} Square
 *
 * @typedef {object} Draft what a reviewer has set and typed so far
 * @property {import('../api/submissions.js').Label | ''} label
 * @property {Findings} findings
 * @property {Square} square
 * @property {number | null} trimStart seconds; null: not trimmed
 * @property {number | null} trimEnd
 * @property {boolean} unmarked the tick: no identifying text or mark is visible
 * @property {Record<number, import('../api/schema.d.ts').TextDecision>} text what is masked or kept, by box
 * @property {string} comment
 *
 * @typedef {object} Given a verdict that was given
 * @property {string} id of the review
 * @property {Verdict} verdict
 * @property {string} contributionId
 * @property {import('../api/schema.d.ts').Outcome} outcome what follows from it
 * @property {import('../api/screenings.js').Result | null} modelAnswer
 * @property {Draft} draft as it was sent, for when the verdict is taken back
 */

/**
 * Where something is kept, for this person alone: who signs in next in this tab reads without it.
 * @param {string} what
 */
const place = (what) => `pocovid.review.${user.value?.id}.${what}`;

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
  text: {},
  comment: '',
});

/** @param {Contribution} contribution @returns {Draft} */
export function draftOf(contribution) {
  const kept = sessionStorage.getItem(place(contribution.id));
  return { ...untouched(contribution), ...(kept ? JSON.parse(kept) : {}) };
}

/** @param {string} id @param {Draft} draft */
export function saveDraft(id, draft) {
  sessionStorage.setItem(place(id), JSON.stringify(draft));
}

/** @param {string} id */
export function removeDraft(id) {
  sessionStorage.removeItem(place(id));
}

/** The recording this tab is at work on, by its id; a reload goes on with it. */
export const currentId = () => sessionStorage.getItem(place('current'));

/** @param {string | null} id */
export function setCurrentId(id) {
  if (id) sessionStorage.setItem(place('current'), id);
  else sessionStorage.removeItem(place('current'));
}

/** The last verdict of this tab, which can be taken back. @returns {Given | null} */
export function lastVerdict() {
  const kept = sessionStorage.getItem(place('last'));
  return kept ? JSON.parse(kept) : null;
}

/** @param {Given | null} given */
export function saveLastVerdict(given) {
  if (given) sessionStorage.setItem(place('last'), JSON.stringify(given));
  else sessionStorage.removeItem(place('last'));
}
