/** Following a screening: by server-sent events where they arrive, by asking again where not. */
import * as api from '../api/screenings.js';
import { Problem } from '../api/problem.js';

/** @typedef {import('../api/shapes.js').Screening} Screening */

/**
 * @typedef {object} Listener
 * @property {(screening: Screening) => void} onNews
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
export function watch(id, { onNews, onGone, onOffline }) {
  let over = false;
  let failures = 0;
  let misses = 0;
  let source = /** @type {EventSource | null} */ (null);
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

  function listen() {
    if (failures >= STREAM_FAILURES || streams >= STREAMS) return later(POLL_MS);
    streams += 1;
    source = api.events(id);
    source.addEventListener('screening', (event) => hear(JSON.parse(event.data)));
    source.onerror = () => {
      failures += 1;
      hangUp();
      void poll();
    };
  }

  async function poll() {
    clearTimeout(timer);
    try {
      const screening = await api.screening(id);
      if (over) return;
      hear(screening);
      if (!over && !source) listen();
    } catch (problem) {
      if (over) return;
      if (!(problem instanceof Problem)) throw problem;
      if (problem.gone) {
        stop();
        onGone();
        return;
      }
      misses += 1;
      onOffline(true);
      later(problem.retryAfter ? problem.retryAfter * 1000 : wait(misses));
    }
  }

  /** @param {number} milliseconds */
  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(poll, milliseconds);
  }

  /** @param {Screening} screening */
  function hear(screening) {
    misses = 0;
    onOffline(false);
    if (screening.status === 'done' || screening.status === 'failed') stop();
    onNews(screening);
  }

  function hangUp() {
    if (!source) return;
    source.close();
    source = null;
    streams -= 1;
  }

  function comeBack() {
    if (!source) void poll();
  }

  function stop() {
    over = true;
    clearTimeout(timer);
    hangUp();
    window.removeEventListener('online', comeBack);
  }

  window.addEventListener('online', comeBack);
  listen();
  return stop;
}

/** @param {number} misses how often in a row no answer came */
const wait = (misses) => Math.min(1000 * 2 ** (misses - 1), LONGEST_WAIT_MS);
