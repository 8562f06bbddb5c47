/** The figures of artifacts, in the order in which they are compared. */
import { CLASSES, CLASS_NAMES } from '../../shared/classes.js';
import { plural } from '../../shared/format.js';

/**
 * @typedef {import('../../api/training.js').Metrics} Metrics
 * @typedef {import('../../api/training.js').Artifact} Artifact
 * @typedef {import('../../api/training.js').Training} Training
 *
 * @typedef {object} Measured how two artifacts were measured, and the figures of both
 * @property {string} name
 * @property {Metrics | undefined} ours of the active one
 * @property {Metrics | undefined} theirs
 * @property {string} hint
 * @property {boolean} comparable whether both were measured on the same recordings
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

const OWN = 'Each was evaluated on the held-out recordings of its own cross-validation.';

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
    comparable: false,
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
  for (const { comparison, release } of between(active, other, trainings)) {
    const { recordings, left_out = 0 } = comparison;
    const sides = [comparison.new, comparison.active];
    const ours = sides.find(({ version }) => version === active.version)?.metrics;
    const theirs = sides.find(({ version }) => version === other?.version)?.metrics;
    if (!ours || !theirs || comparison.active.may_have_seen) continue;
    const rest = left_out
      ? ` ${plural(left_out, 'recording is', 'recordings are')} left out: each model of ${comparison.active.version} has seen one of that patient, or a copy.`
      : '';
    const hint = `Both on ${plural(recordings, 'recording')} of release ${release}, each answered by models that had seen neither it nor a copy of it.${rest}`;
    return [{ name: 'The same recordings', ours, theirs, hint, comparable: true }];
  }
  return [];
}

/**
 * Why two artifacts cannot be compared on the same recordings; '' where they are, or nobody tried.
 * @param {Artifact} active
 * @param {Artifact | null} other
 * @param {readonly Training[]} trainings
 */
export function notComparable(active, other, trainings) {
  if (same(active, other, trainings).length > 0) return '';
  const [tried] = between(active, other, trainings);
  if (!tried) return '';
  const { version, may_have_seen } = tried.comparison.active;
  return may_have_seen
    ? `They are not compared on the recordings of release ${tried.release}: it is not known whether ${version} was trained on some of these, or on copies of them.`
    : `They are not compared on the recordings of release ${tried.release}: each model of ${version} has seen all of these patients, or copies.`;
}

/**
 * @param {Artifact} active
 * @param {Artifact | null} other
 * @param {readonly Training[]} trainings
 */
function between(active, other, trainings) {
  const wanted = [active.version, other?.version];
  return trainings.flatMap(({ comparison, release }) =>
    comparison &&
    [comparison.new, comparison.active].every(({ version }) => wanted.includes(version))
      ? [{ comparison, release }]
      : [],
  );
}

/** @type {readonly {name: string, of: (metrics: Metrics) => number | null | undefined}[]} */
export const ROWS = [
  { name: 'Accuracy of videos', of: (metrics) => metrics.video_accuracy },
  { name: 'Accuracy of frames', of: (metrics) => metrics.frame_accuracy },
  { name: 'Balanced accuracy of frames', of: (metrics) => metrics.frame_balanced_accuracy },
  ...CLASSES.flatMap((key) => [
    {
      name: `${CLASS_NAMES[key]}, sensitivity`,
      of: (/** @type {Metrics} */ metrics) => metrics.video_classes?.[key]?.sensitivity,
    },
    {
      name: `${CLASS_NAMES[key]}, specificity`,
      of: (/** @type {Metrics} */ metrics) => metrics.video_classes?.[key]?.specificity,
    },
  ]),
];

/** @param {number | null | undefined} share 0 to 1 */
export const inPercent = (share) =>
  typeof share !== 'number' ? '' : `${(share * 100).toFixed(1)}%`;

/**
 * @param {number | null | undefined} share
 * @param {number | null | undefined} against
 * @returns {string} in percentage points; '' where one is not known
 */
export function inPoints(share, against) {
  if (typeof share !== 'number' || typeof against !== 'number') return '';
  const points = Math.round((share - against) * 1000) / 10;
  if (points === 0) return '±0.0';
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`;
}
