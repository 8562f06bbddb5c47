/** Names of the dataset's classes, probes, findings and so on, by key and in display order. */
import { CLASS_NAMES } from './classes.js';

/** @type {Readonly<Record<import('../api/submissions.js').Label, string>>} */
export const LABELS = { ...CLASS_NAMES, viral: 'Viral pneumonia', other: 'Other' };

/** The labels in the order in which they are shown; the place is a label's number key. */
export const LABEL_KEYS = /** @type {import('../api/submissions.js').Label[]} */ (
  Object.keys(LABELS)
);

/** @type {Readonly<Record<string, string>>} */
export const PROBES = { convex: 'Convex', linear: 'Linear' };

/** @type {Readonly<Record<string, string>>} */
export const FINDINGS = {
  b_lines: 'B-lines',
  a_lines: 'A-lines',
  consolidation: 'Consolidation',
  pleural_irregularity: 'Pleural irregularity',
  effusion: 'Effusion',
  air_bronchogram: 'Air bronchogram',
};

/**
 * Why a recording is rejected.
 * @type {Readonly<Record<import('../api/reviews.js').Reason, string>>}
 */
export const REASONS = {
  burned_in_marks: 'Burned-in marks',
  unclear_diagnosis: 'Unclear diagnosis',
  poor_quality: 'Poor quality',
  no_licence: 'No licence',
  duplicate: 'Duplicate',
  not_lung_ultrasound: 'Not lung ultrasound',
  identifying_text: 'Identifying text',
  other: 'Other',
};

/** The reasons in the order in which they are shown; the place is a reason's number key. */
export const REASON_KEYS = /** @type {import('../api/reviews.js').Reason[]} */ (
  Object.keys(REASONS)
);

/** @type {Readonly<Record<string, string>>} */
export const BLUE_POINTS = {
  right_upper: 'Right upper',
  right_lower: 'Right lower',
  right_plaps: 'Right PLAPS',
  right_diaphragm: 'Right diaphragm',
  left_upper: 'Left upper',
  left_lower: 'Left lower',
  left_plaps: 'Left PLAPS',
  left_diaphragm: 'Left diaphragm',
};

/**
 * @param {Readonly<Record<string, string>>} names
 * @param {string | null | undefined} key
 * @returns {string} '' without a key; one that is not known here in its own words
 */
export function nameOf(names, key) {
  if (!key) return '';
  return names[key] ?? key.replaceAll('_', ' ');
}
