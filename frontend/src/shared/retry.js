/** Requests that the service puts off: wait as long as it asks, say so, and send them again. */
import { Problem } from '../api/problem.js';

/**
 * @template T
 * @param {() => Promise<T>} request
 * @param {object} options
 * @param {(until: number | null, problem: Problem | null) => void} options.onWait
 *   told when the request is sent again (epoch ms), and null once it is on its way
 * @param {AbortSignal} options.signal
 * @returns {Promise<T>}
 */
export async function withRetry(request, { onWait, signal }) {
  for (;;) {
    try {
      return await request();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.retryAfter === null) throw problem;
      const wait = problem.retryAfter * 1000;
      onWait(Date.now() + wait, problem);
      await pause(wait, signal);
      onWait(null, null);
    }
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', stop);
    function done() {
      signal.removeEventListener('abort', stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal.reason);
    }
  });
}
