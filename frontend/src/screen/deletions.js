/** Deleting with a change of mind: the service is told a few seconds after the page. */
import { signal } from '@preact/signals';
import * as api from '../api/screenings.js';
import { announce } from '../shared/announcer.js';
import { insertItems, find, select, removeItem } from './items.js';
import { Problem } from '../api/problem.js';
import { follow, stopWork } from './screenings.js';
import { startUploads, forgetFile, stopUpload } from './uploads.js';

/** @typedef {import('../api/shapes.js').Item} Item */
/** @typedef {{item: Item, at: number, timer: ReturnType<typeof setTimeout>}} Deletion */

export const UNDO_MS = 8000;

/** What is off the page but not yet deleted on the service, the latest last. */
export const pending = signal(/** @type {Deletion[]} */ ([]));

/**
 * Take a recording off the page, and delete it on the service unless that is undone.
 * @param {string} key
 */
export function deleteItem(key) {
  const item = find(key);
  if (!item) return;
  stopUpload(key);
  stopWork(key);
  const at = removeItem(key);
  const timer = setTimeout(() => void carryOut(key), UNDO_MS);
  pending.value = [...pending.value, { item, at, timer }];
  announce(`${item.name} deleted. Press Z to undo.`);
}

/** @type {Partial<Record<import('../api/shapes.js').Stage, import('../api/shapes.js').Stage>>} */
const BACK_TO = { uploading: 'waiting', starting: 'ready' };

/** Bring the latest back. */
export function undo() {
  const last = pending.value.at(-1);
  if (!last) return;
  clearTimeout(last.timer);
  pending.value = pending.value.slice(0, -1);
  const { item, at } = last;
  insertItems([{ ...item, stage: BACK_TO[item.stage] ?? item.stage }], at);
  select(item.key);
  if (item.stage === 'screening' && item.screening) follow(item.key, item.screening);
  startUploads();
  announce(`${item.name} is restored.`);
}

/** Take a recording off the page and leave it on the service. @param {string} key */
export function closeItem(key) {
  stopWork(key);
  removeItem(key);
}

/** Delete at once whatever waits: the page is being left. */
export function deleteAllNow() {
  for (const { item } of pending.value) void carryOut(item.key);
}

/** @param {string} key */
async function carryOut(key) {
  const deletion = pending.value.find(({ item }) => item.key === key);
  if (!deletion) return;
  clearTimeout(deletion.timer);
  pending.value = pending.value.filter((each) => each !== deletion);
  forgetFile(key);
  const { uploadedHere, recordingId, screeningId, name } = deletion.item;
  try {
    if (uploadedHere && recordingId) await api.remove('recordings', recordingId);
    else if (screeningId) await api.remove('screenings', screeningId);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!problem.gone)
      announce(
        `${name} could not be deleted now; the service deletes it when its retention time ends.`,
      );
  }
}
