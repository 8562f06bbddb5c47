/** Reopening recordings: after a reload, or from a link. */
import * as api from '../api/screenings.js';
import { insertItems, makeItem, patch } from './items.js';
import { Problem } from '../api/problem.js';
import { follow } from './screenings.js';

/**
 * @typedef {object} Reopened
 * @property {string} name
 * @property {number} bytes
 * @property {boolean} uploadedHere
 * @property {string | null} recordingId
 * @property {string | null} screeningId
 * @property {import('../api/screenings.js').Square | null} square
 */

const RETRY_MS = 3000;

/**
 * Put a recording on the page and load what the service still has of it.
 * @param {Reopened} reopened
 * @returns {string} its key
 */
export function reopen({ name, bytes, uploadedHere, recordingId, screeningId, square }) {
  const known = recordingId !== null || screeningId !== null;
  const item = makeItem({
    name,
    bytes,
    uploadedHere,
    stage: known ? 'restoring' : 'interrupted',
    recordingId,
    screeningId,
    square,
  });
  insertItems([item]);
  if (known) void load(item);
  return item.key;
}

/** @param {import('./items.js').Item} item */
async function load({ key, recordingId, screeningId, square }) {
  const screening = screeningId ? await fetchIfExists(key, () => api.screening(screeningId)) : null;
  const id = screening ? screening.recording_id : recordingId;
  const recording = id ? await fetchIfExists(key, () => api.recording(id)) : null;
  patch(key, { recordingId: id, recording });
  if (screening) {
    follow(key, screening);
  } else if (recording?.preview_url && !screeningId) {
    patch(key, { stage: 'ready', square: square ?? recording.proposed_crop });
  } else {
    patch(key, { stage: 'gone' });
  }
}

/**
 * Ask until there is an answer.
 * @template T
 * @param {string} key
 * @param {() => Promise<T>} request
 * @returns {Promise<T | null>} null when it does not exist any more
 */
async function fetchIfExists(key, request) {
  for (;;) {
    try {
      const answer = await request();
      patch(key, { offline: false });
      return answer;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status >= 400 && problem.status < 500 && !problem.busy) return null;
      patch(key, { offline: true });
      const wait = problem.retryAfter ? problem.retryAfter * 1000 : RETRY_MS;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
