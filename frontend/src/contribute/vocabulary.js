/** The words that recordings are described with, as the service lists them. */
import { signal } from '@preact/signals';
import * as api from '../api/submissions.js';

/** @typedef {import('../api/submissions.js').Vocabulary} Vocabulary */

/** null until the service has told. */
export const vocabulary = signal(/** @type {Vocabulary | null} */ (null));

/** @throws {import('../api/problem.js').Problem} */
export async function loadVocabulary() {
  vocabulary.value ??= await api.vocabulary();
}

/**
 * @param {readonly import('../api/submissions.js').Choice[]} words
 * @param {string | null} key
 * @returns {string} the name; the key itself where it is not in the list, '' for none
 */
export const nameOf = (words, key) =>
  key ? (words.find((word) => word.key === key)?.name ?? key) : '';
