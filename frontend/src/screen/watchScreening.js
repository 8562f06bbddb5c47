/** Following a screening by server-sent events, or by polling where streams fail. */
import * as api from '../api/screenings.js';
import { Problem } from '../api/problem.js';

/** @typedef {import('../api/screenings.js').Screening} Screening */

/**
 * @typedef {object} Listener
 * @property {(screening: Screening) => void} onUpdate
 * @property {() => void} onGone the screening does not exist any more
 * @property {(offline: boolean) => void} onOffline
 */

// A browser opens six connections to a host over HTTP/1.1: streams must leave room for the rest.
const STREAMS = 2;
const STREAM_FAILURES = 3;
const POLL_MS = 2000;
const LONGEST_WAIT_MS = 15_000;

let streams = 0;

/**
 * @param {string} id
 * @param {Listener} listener
 * @returns {() => void} stops it
 */
export function watchScreening(id, { onUpdate, onGone, onOffline }) {
  let stopped = false;
  let failures = 0;
  let failedPolls = 0;
  let source = /** @type {EventSource | null} */ (null);
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  function listen() {
    if (failures >= STREAM_FAILURES || streams >= STREAMS) return later(POLL_MS);
    streams += 1;
    source = api.events(id);
    source.addEventListener('screening', (event) => receive(JSON.parse(event.data)));
    source.onerror = () => {
      failures += 1;
      closeStream();
      void poll();
    };
  }

  async function poll() {
    clearTimeout(timer);
    try {
      const screening = await api.screening(id);
      if (stopped) return;
      receive(screening);
      if (!stopped && !source) listen();
    } catch (problem) {
      if (stopped) return;
      if (!(problem instanceof Problem)) throw problem;
      if (problem.gone) {
        stop();
        onGone();
        return;
      }
      failedPolls += 1;
      onOffline(true);
      later(problem.retryAfter ? problem.retryAfter * 1000 : wait(failedPolls));
    }
  }

  /** @param {number} milliseconds */
  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(poll, milliseconds);
  }

  /** @param {Screening} screening */
  function receive(screening) {
    failedPolls = 0;
    onOffline(false);
    if (screening.status === 'done' || screening.status === 'failed') stop();
    onUpdate(screening);
  }

  function closeStream() {
    if (!source) return;
    source.close();
    source = null;
    streams -= 1;
  }

  function reconnect() {
    if (!source) void poll();
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    closeStream();
    window.removeEventListener('online', reconnect);
  }

  window.addEventListener('online', reconnect);
  listen();
  return stop;
}

/** @param {number} failedPolls how often in a row no answer came */
const wait = (failedPolls) => Math.min(1000 * 2 ** (failedPolls - 1), LONGEST_WAIT_MS);
