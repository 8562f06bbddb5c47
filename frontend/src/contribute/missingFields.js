/** What a submission still lacks, of the recordings that are on the page. */
import { computed } from '@preact/signals';
import { check, recordings } from './draftStore.js';
import { COLUMNS } from './fields.js';
import { needsDecision } from '../shared/TextOverlay.jsx';

/**
 * @typedef {object} Missing a field, and the recordings that lack it
 * @property {string} field
 * @property {string} title
 * @property {string[]} ids
 */

/** Ids of the recordings with text that a person has to look at. */
export const undecidedText = computed(() =>
  recordings.value.filter(({ text_boxes }) => text_boxes?.some(needsDecision)).map(({ id }) => id),
);

/** By field, in the order of the columns; null until the service was asked. */
export const missingFields = computed(() => {
  const found = check.value;
  if (!found) return null;
  const here = new Set(recordings.value.map(({ id }) => id));
  return COLUMNS.map(({ name, title }) => ({
    field: name,
    title,
    ids: found.problems.flatMap(({ field, contribution_id }) =>
      field === name && contribution_id !== null && here.has(contribution_id)
        ? [contribution_id]
        : [],
    ),
  })).filter(({ ids }) => ids.length > 0);
});
