/** The three classes in their fixed order, and the names shown to people. */

/** @typedef {import('../api/screenings.js').ClassKey} ClassKey */

/** @type {readonly ClassKey[]} */
export const CLASSES = ['covid19', 'pneumonia', 'healthy'];

/** @type {Readonly<Record<ClassKey, string>>} */
export const CLASS_NAMES = { covid19: 'COVID-19', pneumonia: 'Pneumonia', healthy: 'Healthy' };

/**
 * The most probable class.
 * @param {import('../api/screenings.js').Probabilities} probabilities
 * @returns {ClassKey}
 */
export function topClass(probabilities) {
  return CLASSES.reduce((best, key) => (probabilities[key] > probabilities[best] ? key : best));
}
