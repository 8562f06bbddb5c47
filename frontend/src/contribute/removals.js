/** Taking recordings out of a draft, with a few seconds to change one's mind. */
import { signal } from '@preact/signals';
import * as api from '../api/submissions.js';
import { announce } from '../shared/announcer.js';
import { Problem } from '../api/problem.js';
import { plural } from '../shared/format.js';
import { hidden, recheck, saveError } from './draftStore.js';

/** @typedef {{ids: string[], words: string, timer: ReturnType<typeof setTimeout>}} Removal */

export const UNDO_MS = 8000;

/** What is off the page but not yet on the service, the latest last. */
export const removals = signal(/** @type {Removal[]} */ ([]));

/** @param {readonly {id: string, file_name: string}[]} recordings */
export function remove(recordings) {
  if (recordings.length === 0) return;
  const ids = recordings.map(({ id }) => id);
  const words =
    recordings.length === 1 ? recordings[0].file_name : plural(recordings.length, 'recording');
  hidden.value = new Set([...hidden.value, ...ids]);
  const removal = { ids, words, timer: setTimeout(() => void carryOut(removal), UNDO_MS) };
  removals.value = [...removals.value, removal];
  announce(`${words} removed. You can undo this for a few seconds.`);
}

/** Bring the latest back. */
export function undo() {
  const last = removals.value.at(-1);
  if (!last) return;
  take(last);
  show(last.ids);
  announce(`${last.words} restored.`);
}

/** Do at once whatever waits: the page is being left, or the rest is sent. */
export async function removeAllNow() {
  await Promise.all(removals.value.map(carryOut));
}

/** @param {Removal} removal */
function take(removal) {
  clearTimeout(removal.timer);
  removals.value = removals.value.filter((each) => each !== removal);
}

/** @param {readonly string[]} ids */
function show(ids) {
  hidden.value = new Set([...hidden.value].filter((id) => !ids.includes(id)));
}

/** @param {Removal} removal */
async function carryOut(removal) {
  take(removal);
  try {
    await Promise.all(removal.ids.map((id) => api.deleteContribution(id)));
    recheck();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    show(removal.ids);
    saveError.value = `${removal.words} could not be removed. ${problem.detail}`;
  }
}

window.addEventListener('pagehide', () => void removeAllNow());
