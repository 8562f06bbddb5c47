/** The address: `#/screenings/<id>` names the screening that is looked at. */
import { effect } from '@preact/signals';
import { items, select, selected } from './items.js';
import { reopen } from './reopen.js';

/**
 * @param {string} hash
 * @returns {string | null} the id of a screening
 */
export function screeningIn(hash) {
  return /^#\/screenings\/([\w-]+)$/.exec(hash)?.[1] ?? null;
}

/** @param {string} screeningId */
export const linkTo = (screeningId) => `${location.origin}/#/screenings/${screeningId}`;

/** Go where the address says, then keep it true. */
export function followAddress() {
  goThere();
  window.addEventListener('hashchange', goThere);
  effect(() => {
    const item = selected.value;
    const hash = item?.screeningId ? `#/screenings/${item.screeningId}` : '#/';
    if (hash !== (location.hash || '#/')) history.replaceState(null, '', hash);
  });
}

function goThere() {
  const id = screeningIn(location.hash);
  if (!id) return;
  const known = items.value.find(({ screeningId }) => screeningId === id);
  if (known) {
    select(known.key);
    return;
  }
  const facts = { recordingId: null, screeningId: id, square: null, bytes: 0, mine: false };
  select(reopen({ ...facts, name: `Screening ${id.slice(0, 8)}` }));
}
