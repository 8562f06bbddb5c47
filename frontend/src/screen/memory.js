/** What this tab remembers over a reload: which recordings it had, never their pixels. */
import { effect } from '@preact/signals';
import { items, select, selectedKey } from './items.js';
import { reopen } from './reopen.js';

const PLACE = 'pocovid.recordings';

/** Bring back what the tab had, then keep the notes up to date. */
export function remember() {
  const { recordings, selected } = notes();
  const keys = recordings.map(reopen);
  if (keys.length > 0) select(keys[selected] ?? keys[0]);
  effect(() => {
    const kept = items.value.filter(({ stage }) => stage !== 'refused' && stage !== 'gone');
    const note = {
      selected: kept.findIndex(({ key }) => key === selectedKey.value),
      recordings: kept.map(({ name, bytes, mine, recordingId, screeningId, square }) => ({
        name,
        bytes,
        mine,
        recordingId,
        screeningId,
        square,
      })),
    };
    sessionStorage.setItem(PLACE, JSON.stringify(note));
  });
}

/** @returns {{selected: number, recordings: import('./reopen.js').Remembered[]}} */
function notes() {
  const written = sessionStorage.getItem(PLACE);
  return written ? JSON.parse(written) : { selected: -1, recordings: [] };
}
