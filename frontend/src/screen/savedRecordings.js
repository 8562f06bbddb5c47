/** The recordings of this tab, saved in its session storage so that a reload restores them; never their pixels. */
import { effect } from '@preact/signals';
import { items, select, selectedKey } from './items.js';
import { reopen } from './reopen.js';

/** @typedef {Omit<import('./reopen.js').Reopened, 'uploadedHere'> & {mine: boolean}} Saved */

const STORAGE_KEY = 'pocovid.recordings';

/** Restore the recordings that the tab had, then save every change. */
export function restoreRecordings() {
  const { recordings, selected } = readSaved();
  const keys = recordings.map(({ mine, ...rest }) => reopen({ ...rest, uploadedHere: mine }));
  if (keys.length > 0) select(keys[selected] ?? keys[0]);
  effect(() => {
    const kept = items.value.filter(({ stage }) => stage !== 'refused' && stage !== 'gone');
    const saved = {
      selected: kept.findIndex(({ key }) => key === selectedKey.value),
      recordings: kept.map(({ name, bytes, uploadedHere, recordingId, screeningId, square }) => ({
        name,
        bytes,
        mine: uploadedHere,
        recordingId,
        screeningId,
        square,
      })),
    };
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(saved));
  });
}

/** @returns {{selected: number, recordings: Saved[]}} */
function readSaved() {
  const written = sessionStorage.getItem(STORAGE_KEY);
  return written ? JSON.parse(written) : { selected: -1, recordings: [] };
}
