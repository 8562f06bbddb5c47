/** What a reviewer has set and typed about a recording, kept over a reload of this tab. */
import { user } from '../shared/session.js';

/**
 * @typedef {import('../api/reviewShapes.js').Contribution} Contribution
 * @typedef {import('../api/reviewShapes.js').Draft} Draft
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

/** The last verdict of this tab, which can be taken back. @returns {import('../api/reviewShapes.js').Given | null} */
export function lastVerdict() {
  const kept = sessionStorage.getItem(place('last'));
  return kept ? JSON.parse(kept) : null;
}

/** @param {import('../api/reviewShapes.js').Given | null} given */
export function saveLastVerdict(given) {
  if (given) sessionStorage.setItem(place('last'), JSON.stringify(given));
  else sessionStorage.removeItem(place('last'));
}
