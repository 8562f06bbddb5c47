/** The figures of artifacts, in the order in which they are compared. */
import { CLASSES, CLASS_NAMES } from '../../classes.js';

/** @typedef {import('../../api/training.js').Figures} Figures */

/**
 * What the folds of a cross-validation keep together, the most honest first.
 * @type {readonly [string, string][]}
 */
export const GROUPS = [
  ['source', 'By source'],
  ['patient', 'By patient'],
  ['recording', 'By recording'],
];

/** @type {readonly {name: string, of: (figures: Figures) => number | undefined}[]} */
export const ROWS = [
  { name: 'Accuracy of recordings', of: (figures) => figures.video_accuracy },
  { name: 'Accuracy of frames', of: (figures) => figures.frame_accuracy },
  { name: 'Balanced accuracy of frames', of: (figures) => figures.frame_balanced_accuracy },
  ...CLASSES.flatMap((key) => [
    {
      name: `${CLASS_NAMES[key]}, sensitivity`,
      of: (/** @type {Figures} */ figures) => figures.video_classes?.[key]?.sensitivity,
    },
    {
      name: `${CLASS_NAMES[key]}, specificity`,
      of: (/** @type {Figures} */ figures) => figures.video_classes?.[key]?.specificity,
    },
  ]),
];

/** @param {number | undefined} share 0 to 1 */
export const inPercent = (share) => (share === undefined ? '' : `${(share * 100).toFixed(1)}%`);

/**
 * @param {number | undefined} share
 * @param {number | undefined} against
 * @returns {string} in percentage points; '' where one is not known
 */
export function inPoints(share, against) {
  if (share === undefined || against === undefined) return '';
  const points = Math.round((share - against) * 1000) / 10;
  if (points === 0) return '±0.0';
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`;
}
