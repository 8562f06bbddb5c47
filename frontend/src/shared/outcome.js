/** What a result says: a class with its probability, or why there is none. */
import { CLASS_NAMES } from './classes.js';
import { percent } from './format.js';

/**
 * @typedef {import('../api/screenings.js').Result} Result
 * @typedef {import('../api/screenings.js').ClassKey} ClassKey
 * @typedef {import('../api/screenings.js').Probabilities} Probabilities
 * @typedef {import('../api/screenings.js').FrameAnswer} FrameAnswer
 *
 * @typedef {'label' | 'probability' | 'probabilities' | 'majority_vote' | 'agreement'} Named
 * @typedef {Omit<Result, Named | 'frames'> & {
 *   label: ClassKey,
 *   probability: number,
 *   probabilities: Probabilities,
 *   majority_vote: ClassKey,
 *   agreement: number,
 *   frames: (FrameAnswer & {probabilities: Probabilities})[],
 * }} Classified a result that names a class
 */

/**
 * @param {Result | null | undefined} result
 * @returns {Classified | null} null where the recording was not answered for
 */
export function classified(result) {
  return result?.label ? /** @type {Classified} */ (result) : null;
}

/**
 * Why a recording is not answered for: in a row, as a heading, and as a mark on an answer that
 * somebody asked for anyway.
 * @type {Readonly<Record<string, {short: string, title: string, mark: string}>>}
 */
const REFUSALS = {
  not_lung: {
    short: 'Not lung ultrasound',
    title: 'This does not look like lung ultrasound',
    mark: 'Answered although it does not look like lung ultrasound.',
  },
  coloured: {
    short: 'In colour, not answered',
    title: 'This is in colour',
    mark: 'Answered although much of it is in colour.',
  },
  linear_probe: {
    short: 'Linear probe, not answered',
    title: 'This looks like a linear probe',
    mark: 'Answered as a convex probe although it looks like a linear one.',
  },
  not_linear_probe: {
    short: 'Not a linear probe',
    title: 'This does not look like a linear probe',
    mark: 'Answered as a linear probe although it does not look like one.',
  },
};

/**
 * The reason why a recording is not answered for.
 * @param {Result} result
 * @returns {{code: string, message: string, short: string, title: string, mark: string} | null}
 *   null where it is usable
 */
export function refusal({ usable, reasons }) {
  if (usable) return null;
  const reason = reasons.find(({ code }) => code in REFUSALS);
  const { code, message } = reason ?? { code: 'not_lung', message: '' };
  return { code, message, ...REFUSALS[code] };
}

/**
 * A result in a few words.
 * @param {Result} result
 */
export function outcome(result) {
  const answer = classified(result);
  if (!answer) return refusal(result)?.short ?? 'Not answered';
  const words = `${CLASS_NAMES[answer.label]} ${percent(answer.probability)}`;
  return result.usable ? words : `${words}, answered anyway`;
}

/**
 * What stays with an answer that was asked for anyway.
 * @param {Result} result
 * @returns {string | null} null for any other
 */
export const anywayMark = (result) => (classified(result) && refusal(result)?.mark) || null;

/**
 * The frames behind a recording's class: those that show a lung, or all where it was answered
 * anyway.
 * @param {Classified} answer
 */
export const countedFrames = ({ usable, frames }) =>
  usable ? frames.filter((frame) => frame.usable) : frames;

const NOTES = ['frames_left_out', 'frozen'];

/**
 * What is said of frames that were left out, or that are all the same.
 * @param {Result} result
 * @returns {string | null}
 */
export const leftOutNote = ({ reasons }) =>
  reasons
    .filter(({ code }) => NOTES.includes(code))
    .map(({ message }) => message)
    .join(' ') || null;
