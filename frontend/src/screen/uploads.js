/** The uploads of the screening page. */
import * as api from '../api/screenings.js';
import { Problem } from '../api/problem.js';
import { announce } from '../shared/announcer.js';
import { plural } from '../shared/format.js';
import { precheck } from '../shared/precheck.js';
import { withRetry } from '../shared/retry.js';
import { limits } from '../shared/service.js';
import { uploadQueue } from '../shared/uploadQueue.js';
import { find, insertItems, items, makeItem, patch, select, selected } from './items.js';
import { screenWanted } from './screenings.js';
import { timeLeftEstimator } from './timeLeftEstimator.js';

/** @type {ReturnType<typeof uploadQueue<File>>} */
const queue = uploadQueue({
  waiting: () => items.value.flatMap(({ key, stage }) => (stage === 'waiting' ? [key] : [])),
  send,
});

export const { start: startUploads, stop: stopUpload, remove: forgetFile, has: canRetry } = queue;

/** @type {import('./items.js').Stage[]} */
const BEFORE_SCREENING = ['waiting', 'uploading', 'ready'];

/** @param {Iterable<File>} chosen */
export function addFiles(chosen) {
  const added = Array.from(chosen, (file) => {
    const problem = precheck(file, limits.value);
    const item = makeItem({
      name: file.name || 'Pasted image',
      bytes: file.size,
      stage: problem ? 'refused' : 'waiting',
      problem,
    });
    queue.add(item.key, file);
    return item;
  });
  if (added.length === 0) return;
  insertItems(added);
  if (!selected.value || !BEFORE_SCREENING.includes(selected.value.stage)) select(added[0].key);
  announce(`${plural(added.length, 'recording')} added.`);
  startUploads();
}

/** @param {string} key */
export function retry(key) {
  patch(key, { stage: 'waiting', problem: null, sent: 0, secondsLeft: null });
  startUploads();
}

/**
 * @param {string} key
 * @param {File} file
 * @param {AbortSignal} signal
 */
async function send(key, file, signal) {
  patch(key, { stage: 'uploading', sent: 0 });
  try {
    const recording = await withRetry(() => sendOnce(key, file, signal), {
      signal,
      onWait: (resumesAt, problem) =>
        patch(key, { resumesAt, problem, sent: 0, secondsLeft: null }),
    });
    if (signal.aborted) return; // removed at the last moment: nobody looks at the answer
    patch(key, {
      stage: 'ready',
      sent: file.size,
      recordingId: recording.id,
      recording,
      square: recording.proposed_crop,
    });
    const item = find(key);
    if (item?.wanted) void screenWanted();
    else announce(`${item?.name} is uploaded. Check the square, then screen.`);
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    patch(key, { stage: 'refused', problem });
    announce(`${find(key)?.name} was not uploaded. ${problem.detail}`);
  }
}

/**
 * @param {string} key
 * @param {File} file
 * @param {AbortSignal} signal
 */
function sendOnce(key, file, signal) {
  const secondsLeft = timeLeftEstimator();
  return api.upload(file, {
    signal,
    onProgress: (sent, total) =>
      patch(key, { sent, bytes: total, secondsLeft: secondsLeft(sent, total) }),
  });
}
