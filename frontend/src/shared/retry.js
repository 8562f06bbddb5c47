/** Sending a request again after a failure that may pass. */
import { Problem } from '../api/problem.js';

/**
 * @typedef {object} Wait before a request is sent again
 * @property {number | null} until epoch ms; null where that is not known
 * @property {(signal: AbortSignal) => Promise<void>} over resolves when the wait is over
 */

/**
 * @callback Policy
 * @param {Problem} problem
 * @param {number} failures in a row, this one included
 * @returns {Wait | null} null: the request is not sent again
 */

/**
 * @template T
 * @param {(resetFailures: () => void) => Promise<T>} request may report progress, after which
 *   failures are counted anew
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(until: number | null, problem: Problem | null) => void} options.onWait
 *   called when a wait begins, and with nulls once the request is sent again
 * @param {Policy} [options.policy] by default only what the service asks to repeat is repeated
 * @returns {Promise<T>}
 * @throws {Problem} the last one
 */
export async function withRetry(request, { signal, onWait, policy = whenAsked }) {
  let failures = 0;
  const resetFailures = () => {
    failures = 0;
  };
  for (;;) {
    try {
      return await request(resetFailures);
    } catch (problem) {
      if (signal.aborted || !(problem instanceof Problem)) throw problem;
      failures += 1;
      const wait = policy(problem, failures);
      if (!wait) throw problem;
      onWait(wait.until, problem);
      await wait.over(signal);
      onWait(null, null);
    }
  }
}

/** @type {Policy} as long as the service says in Retry-After */
const whenAsked = ({ retryAfter }) => (retryAfter === null ? null : after(retryAfter * 1000));

/**
 * A wait of a fixed time.
 * @param {number} milliseconds
 * @param {{orOnline?: boolean}} [options] `orOnline`: it is over as soon as the network is back
 * @returns {Wait}
 */
export const after = (milliseconds, { orOnline = false } = {}) => ({
  until: Date.now() + milliseconds,
  over: (signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const timer = setTimeout(end, milliseconds);
      if (orOnline) window.addEventListener('online', end);
      signal.addEventListener('abort', end);
      function end() {
        clearTimeout(timer);
        window.removeEventListener('online', end);
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      }
    }),
});
