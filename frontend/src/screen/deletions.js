/** Deleting a recording: off the page at once, on the service a few seconds later. */
import * as api from '../api/screenings.js';
import { Problem } from '../api/problem.js';
import { announce } from '../shared/announcer.js';
import { undoableDeletion } from '../shared/undoableDeletion.js';
import { find, insertItems, removeItem, select } from './items.js';
import { follow, stopWork } from './screenings.js';
import { forgetFile, startUploads, stopUpload } from './uploads.js';

/** @typedef {import('./items.js').Item} Item */
/** @typedef {{item: Item, at: number}} Deletion `at`: its place in the list */

const deletion = undoableDeletion({ carryOut, restore });

export const { pending, undo, deleteAllNow } = deletion;

/** @param {string} key */
export function deleteItem(key) {
  const item = find(key);
  if (!item) return;
  stopUpload(key);
  stopWork(key);
  deletion.schedule({ item, at: removeItem(key) });
  announce(`${item.name} deleted. Press Z to undo.`);
}

/** Take a recording off the page and leave it on the service. @param {string} key */
export function closeItem(key) {
  stopWork(key);
  removeItem(key);
}

/** @type {Partial<Record<import('./items.js').Stage, import('./items.js').Stage>>} */
const RESTORED_STAGE = { uploading: 'waiting', starting: 'ready' };

/** @param {Deletion} deletion */
function restore({ item, at }) {
  insertItems([{ ...item, stage: RESTORED_STAGE[item.stage] ?? item.stage }], at);
  select(item.key);
  if (item.stage === 'screening' && item.screening) follow(item.key, item.screening);
  startUploads();
  announce(`${item.name} is restored.`);
}

/** @param {Deletion} deletion */
async function carryOut({ item: { key, name, uploadedHere, recordingId, screeningId } }) {
  forgetFile(key);
  try {
    if (uploadedHere && recordingId) await api.removeRecording(recordingId);
    else if (screeningId) await api.removeScreening(screeningId);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!problem.gone)
      announce(
        `${name} could not be deleted now; the service deletes it when its retention time ends.`,
      );
  }
}
