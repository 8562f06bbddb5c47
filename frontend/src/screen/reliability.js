/** How often answers like one were right, and what gave it, as sentences. */
import { percent } from '../shared/format.js';

/** @typedef {import('../api/screenings.js').Result} Result */

const NEVER_SEEN = /** @type {Record<string, string>} */ ({
  source: 'from hospitals that no model had seen',
  patient: 'of patients whom no model had seen',
});

/**
 * @param {Result} result
 * @returns {string} '' where it was not measured
 */
export function reliabilityNote({ usable, reliability }) {
  if (!usable) return 'How often such an answer is right is not known.';
  if (!reliability?.answers) return '';
  const { right, answers, group } = reliability;
  const never = NEVER_SEEN[group] ?? NEVER_SEEN.source;
  if (right === answers) return `All ${answers} such answers on recordings ${never} were right.`;
  const share = Math.round((100 * right) / answers);
  return `Of 100 such answers on recordings ${never}, ${share} were right.`;
}

/**
 * @param {Result} result
 * @returns {string} what the sentence rests on
 */
export function reliabilityBasis({ usable, reliability }) {
  if (!usable || !reliability?.answers) return '';
  const { right, answers, low, high } = reliability;
  return `Measured: ${right} of ${answers} recordings answered with ${percent(low)} to ${percent(high)}.`;
}

/**
 * What gave the answer.
 * @param {Result} result
 * @param {import('../api/screenings.js').Probe} probe
 */
export function partsNote({ parts }, probe) {
  const [network, signs] = [parts.includes('pocovidnet'), parts.includes('signs')];
  if (network && signs) return 'Answered by POCOVID-Net and the signs together.';
  if (!signs) return 'Answered by POCOVID-Net alone.';
  return probe === 'linear'
    ? 'Screened as linear probe: answered by the signs alone.'
    : 'Answered by the signs alone.';
}
