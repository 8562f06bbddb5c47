/** Sending files: three at a time, in the order in which they came. */
import * as api from '../api/screenings.js';
import { announce } from '../shared/announcer.js';
import { insertItems, find, items, makeItem, patch, select, selected } from './items.js';
import { timeLeftEstimator } from './timeLeftEstimator.js';
import { withRetry } from '../shared/retry.js';
import { precheck } from '../shared/precheck.js';
import { Problem } from '../api/problem.js';
import { screenWanted } from './screenings.js';
import { limits } from '../shared/service.js';
import { plural } from '../shared/format.js';

const LANES = 3;

/** @type {Map<string, File>} the files of this page by the key of their recording */
const files = new Map();

/** @type {Map<string, AbortController>} */
const running = new Map();

/** @type {import('../api/shapes.js').Stage[]} */
const AT_WORK = ['waiting', 'uploading', 'ready'];

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
    files.set(item.key, file);
    return item;
  });
  if (added.length === 0) return;
  insertItems(added);
  if (!selected.value || !AT_WORK.includes(selected.value.stage)) select(added[0].key);
  announce(`${plural(added.length, 'recording')} added.`);
  startUploads();
}

/**
 * Whether the file is still at hand, so that it can be sent again.
 * @param {string} key
 */
export const canRetry = (key) => files.has(key);

/** @param {string} key */
export function retry(key) {
  patch(key, { stage: 'waiting', problem: null, sent: 0, secondsLeft: null });
  startUploads();
}

/** @param {string} key */
export function stopUpload(key) {
  running.get(key)?.abort();
}

/** Forget a file for good. @param {string} key */
export function forgetFile(key) {
  stopUpload(key);
  files.delete(key);
}

/** Send what waits, as far as lanes are free. */
export function startUploads() {
  for (const { key, stage } of items.value) {
    if (running.size >= LANES) return;
    const file = files.get(key);
    if (stage === 'waiting' && file && !running.has(key)) void send(key, file);
  }
}

/**
 * @param {string} key
 * @param {File} file
 */
async function send(key, file) {
  const controller = new AbortController();
  const { signal } = controller;
  running.set(key, controller);
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
  } finally {
    running.delete(key);
    startUploads();
  }
}

/**
 * @param {string} key
 * @param {File} file
 * @param {AbortSignal} signal
 */
function sendOnce(key, file, signal) {
  const left = timeLeftEstimator();
  return api.upload(file, {
    signal,
    onProgress: (sent, total) => patch(key, { sent, bytes: total, secondsLeft: left(sent, total) }),
  });
}
