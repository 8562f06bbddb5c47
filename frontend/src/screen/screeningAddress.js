/** `#/screenings/<id>` names the screening that is looked at. */
import { computed, effect, untracked } from '@preact/signals';
import { address, match, replaceAddress } from '../shared/address.js';
import { items, select, selected } from './items.js';
import { reopen } from './reopen.js';

/** @param {string} screeningId */
export const linkTo = (screeningId) => `${location.origin}/#/screenings/${screeningId}`;

/** The screening that the address names, '' for none; null: another page is shown. */
const named = computed(
  () => match('screenings/:id', address.value.path) ?? match('', address.value.path),
);

/** Go where the address says, and keep it true while the screening page is shown. */
export function followScreening() {
  effect(() => {
    const id = named.value;
    if (id !== null) untracked(() => (id ? lookAt(id) : tell()));
  });
  effect(() => {
    void selected.value?.screeningId;
    untracked(tell);
  });
}

/** Have the address name what is looked at. */
function tell() {
  if (named.value === null) return;
  const id = selected.value?.screeningId;
  replaceAddress(id ? `/screenings/${id}` : '/');
}

/** @param {string} id */
function lookAt(id) {
  const known = items.value.find(({ screeningId }) => screeningId === id);
  if (known) {
    select(known.key);
    return;
  }
  const facts = { recordingId: null, screeningId: id, square: null, bytes: 0, uploadedHere: false };
  select(reopen({ ...facts, name: `Screening ${id.slice(0, 8)}` }));
}
