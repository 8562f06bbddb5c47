/** The figures of artifacts, in the order in which they are compared. */
import { CLASSES, CLASS_NAMES } from '../../classes.js';

/**
 * @typedef {import('../../api/training.js').Figures} Figures
 * @typedef {import('../../api/training.js').Artifact} Artifact
 * @typedef {import('../../api/training.js').Training} Training
 *
 * @typedef {object} Measured how two artifacts were measured, and the figures of both
 * @property {string} name
 * @property {Figures | undefined} ours of the active one
 * @property {Figures | undefined} theirs
 * @property {string} hint
 */

/**
 * What the folds of a cross-validation keep together, the most honest first.
 * @type {readonly [string, string][]}
 */
const GROUPS = [
  ['source', 'By source'],
  ['patient', 'By patient'],
  ['recording', 'By recording'],
];

const OWN = 'Each was measured on the recordings of its own training that its folds had held out.';

/**
 * @param {Artifact} active
 * @param {Artifact | null} other
 * @param {readonly Training[]} trainings one of them may have compared the two
 * @returns {Measured[]} what says most comes first
 */
export function measured(active, other, trainings) {
  const own = GROUPS.map(([key, name]) => ({
    name,
    ours: active.metrics[key],
    theirs: other?.metrics[key],
    hint: other ? OWN : '',
  })).filter(({ ours, theirs }) => ours || theirs);
  own.sort((a, b) => Number(Boolean(b.ours && b.theirs)) - Number(Boolean(a.ours && a.theirs)));
  return [...same(active, other, trainings), ...own];
}

/**
 * @param {Artifact} active
 * @param {Artifact | null} other
 * @param {readonly Training[]} trainings
 * @returns {Measured[]} at most one
 */
function same(active, other, trainings) {
  for (const { comparison, release } of trainings) {
    if (!comparison) continue;
    const sides = [comparison.new, comparison.active];
    const ours = sides.find(({ version }) => version === active.version);
    const theirs = sides.find(({ version }) => version === other?.version);
    if (!ours || !theirs) continue;
    const caution = comparison.active.may_have_seen
      ? ` ${comparison.active.version} may have been trained on some of them.`
      : ' Each recording was answered by models that had not seen it.';
    const hint = `Both on the ${comparison.recordings} recordings of release ${release}.${caution}`;
    return [{ name: 'The same recordings', ours: ours.metrics, theirs: theirs.metrics, hint }];
  }
  return [];
}

/** @type {readonly {name: string, of: (figures: Figures) => number | undefined}[]} */
export const ROWS = [
  { name: 'Accuracy of videos', of: (figures) => figures.video_accuracy },
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
