/** Removing recordings from a draft: off the page at once, on the service a few seconds later. */
import * as api from '../api/submissions.js';
import { Problem } from '../api/problem.js';
import { announce } from '../shared/announcer.js';
import { plural } from '../shared/format.js';
import { undoableDeletion } from '../shared/undoableDeletion.js';
import { hidden, recheck, saveError } from './draftStore.js';

/** @typedef {{ids: string[], label: string}} Removal `label`: what is removed, for people */

const removal = undoableDeletion({ carryOut, restore });

export const { pending: removals, undo, deleteAllNow: removeAllNow } = removal;

/** @param {readonly {id: string, file_name: string}[]} recordings */
export function remove(recordings) {
  if (recordings.length === 0) return;
  const ids = recordings.map(({ id }) => id);
  const label =
    recordings.length === 1 ? recordings[0].file_name : plural(recordings.length, 'recording');
  hidden.value = new Set([...hidden.value, ...ids]);
  removal.schedule({ ids, label });
  announce(`${label} removed. You can undo this for a few seconds.`);
}

/** @param {Removal} removal */
function restore({ ids, label }) {
  show(ids);
  announce(`${label} restored.`);
}

/** @param {readonly string[]} ids */
function show(ids) {
  hidden.value = new Set([...hidden.value].filter((id) => !ids.includes(id)));
}

/** @param {Removal} removal */
async function carryOut({ ids, label }) {
  try {
    await Promise.all(ids.map((id) => api.deleteContribution(id)));
    recheck();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    show(ids);
    saveError.value = `${label} could not be removed. ${problem.detail}`;
  }
}

window.addEventListener('pagehide', () => void removeAllNow());
