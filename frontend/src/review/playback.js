/** Playback position of a cine: which frame is shown at which time. */

/**
 * The frame that is shown at a moment: the last one that has begun by then.
 * @param {readonly number[]} times when each frame begins, in seconds, ascending
 * @param {number} moment seconds
 * @returns {number} the frame's place, from 0
 */
export function frameAt(times, moment) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (times[middle] <= moment + TINY) low = middle;
    else high = middle - 1;
  }
  return low;
}

const TINY = 1e-6;

/**
 * When the last frame has been seen for as long as its neighbours.
 * @param {readonly number[]} times
 * @returns {number} seconds
 */
export function durationOf(times) {
  const last = times.length - 1;
  if (last < 1) return 0;
  return times[last] + (times[last] - times[0]) / last;
}

/**
 * @typedef {object} Part what of a cine is played
 * @property {number} from seconds
 * @property {number} to seconds
 * @property {boolean} loop
 */

/**
 * Where playing stands after some time.
 * @param {number} moment seconds
 * @param {number} elapsed seconds of the cine that have passed
 * @param {Part} part
 * @returns {{moment: number, ended: boolean}}
 */
export function advance(moment, elapsed, { from, to, loop }) {
  const length = to - from;
  if (length <= 0) return { moment: from, ended: true };
  const next = Math.max(moment, from) + elapsed;
  if (next < to) return { moment: next, ended: false };
  if (!loop) return { moment: to, ended: true };
  return { moment: from + ((next - from) % length), ended: false };
}

/** How fast a cine may be played, 1 being its true rate. */
export const RATES = [0.1, 0.25, 0.5, 1, 1.5, 2];

/**
 * The next faster (+1) or slower (-1) rate.
 * @param {number} rate
 * @param {1 | -1} step
 */
export function nextRate(rate, step) {
  return RATES[Math.min(RATES.length - 1, Math.max(0, RATES.indexOf(rate) + step))];
}
