/** `#/screenings/<id>` names the screening that is looked at. */
import { effect, untracked } from '@preact/signals';
import { items, select, selected } from './items.js';
import { reopen } from './reopen.js';
import { place, rename } from './route.js';

/** @param {string} screeningId */
export const linkTo = (screeningId) => `${location.origin}/#/screenings/${screeningId}`;

/** Go where the address says, and keep it true while the screening page is shown. */
export function followScreening() {
  effect(() => {
    const { page, id } = place.value;
    if (page.name === 'screen') untracked(() => (id ? lookAt(id) : tell()));
  });
  effect(() => {
    void selected.value?.screeningId;
    untracked(tell);
  });
}

/** Have the address name what is looked at. */
function tell() {
  if (place.value.page.name !== 'screen') return;
  const id = selected.value?.screeningId;
  rename(id ? `/screenings/${id}` : '/');
}

/** @param {string} id */
function lookAt(id) {
  const known = items.value.find(({ screeningId }) => screeningId === id);
  if (known) {
    select(known.key);
    return;
  }
  const facts = { recordingId: null, screeningId: id, square: null, bytes: 0, mine: false };
  select(reopen({ ...facts, name: `Screening ${id.slice(0, 8)}` }));
}
