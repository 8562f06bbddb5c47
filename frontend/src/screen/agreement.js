/** How far the models agree, as sentences. */
import { CLASSES, CLASS_NAMES, topClass } from '../shared/classes.js';
import { joinList, percent, plural } from '../shared/format.js';
import { countedFrames } from '../shared/outcome.js';

/** @typedef {import('../shared/outcome.js').Classified} Classified */

/**
 * @param {Classified} result
 * @returns {string} one or two sentences
 */
export function agreement(result) {
  const total = result.models.length;
  const name = CLASS_NAMES[result.label];
  if (result.agreement === total) return `${total} of ${total} models agree. ${range(result)}`;
  const others = CLASSES.filter((key) => key !== result.label)
    .map((key) => ({ key, models: modelsNaming(result, key) }))
    .filter(({ models }) => models.length > 0)
    .map(
      ({ key, models }) =>
        `${models.length === 1 ? 'model' : 'models'} ${joinList(models)} ` +
        `${models.length === 1 ? 'says' : 'say'} ${CLASS_NAMES[key]}`,
    );
  const verb = result.agreement === 1 ? 'says' : 'say';
  return `${result.agreement} of ${total} models ${verb} ${name}; ${joinList(others)}. ${range(result)}`;
}

/**
 * What the frames say one by one, when it is not what the recording's mean says.
 * @param {Classified} result
 * @returns {string | null}
 */
export function majorityNote(result) {
  if (result.majority_vote === result.label) return null;
  const counted = countedFrames(result);
  const votes = counted.filter((f) => topClass(f.probabilities) === result.majority_vote);
  const vote = CLASS_NAMES[result.majority_vote];
  return (
    `Counted frame by frame, ${vote} leads with ` +
    `${votes.length} of ${plural(counted.length, 'frame')}; ` +
    `the mean over all frames says ${CLASS_NAMES[result.label]}.`
  );
}

const CLOSE = 0.15;

/**
 * The runner-up, when it comes close.
 * @param {Classified} result
 * @returns {string | null}
 */
export function closeCallNote(result) {
  const [, second] = [...CLASSES].sort((a, b) => result.probabilities[b] - result.probabilities[a]);
  if (result.probabilities[result.label] - result.probabilities[second] >= CLOSE) return null;
  return (
    `A close call: ${CLASS_NAMES[result.label]} ${percent(result.probability)}, ` +
    `${CLASS_NAMES[second]} ${percent(result.probabilities[second])}.`
  );
}

/**
 * @param {Classified} result
 * @returns {string}
 */
function range({ label, models }) {
  const shares = models.map(({ probabilities }) => probabilities[label]);
  const [low, high] = [percent(Math.min(...shares)), percent(Math.max(...shares))];
  const name = CLASS_NAMES[label];
  if (low === high) return `Each gives ${name} ${low}.`;
  return `Their probabilities for ${name} range from ${low} to ${high}.`;
}

/**
 * The numbers (from 1) of the models whose own top class is `key`.
 * @param {Classified} result
 * @param {import('../api/screenings.js').ClassKey} key
 */
const modelsNaming = ({ models }, key) =>
  models.flatMap(({ probabilities }, n) => (topClass(probabilities) === key ? [n + 1] : []));
