/** Single-key shortcuts of the page, which can be switched off (they get in the way of dictation). */
import { signal } from '@preact/signals';

/**
 * @typedef {object} Shortcut
 * @property {string} [key] as the keyboard names it: `a`, `A` (with Shift), `?`
 * @property {string[]} [keys] how the help writes it, where that is not the key itself
 * @property {string} does
 * @property {() => void} [run] without one, whatever has the focus answers the key by itself
 */

/**
 * @typedef {object} Group
 * @property {string} title
 * @property {() => Shortcut[]} list
 */

export const helpOpen = signal(false);

const PLACE = 'pocovid.shortcuts';

export const enabled = signal(localStorage.getItem(PLACE) !== 'off');

/** @type {Shortcut} */
const HELP = { key: '?', does: 'Show this help', run: () => (helpOpen.value = true) };

/** What the keys do at the moment: everywhere, then whatever the page offers. */
export const groups = signal(
  /** @type {Group[]} */ ([{ title: 'Everywhere', list: () => [HELP] }]),
);

/** @param {boolean} on */
export function setEnabled(on) {
  enabled.value = on;
  localStorage.setItem(PLACE, on ? 'on' : 'off');
}

/**
 * @param {Group} group
 * @returns {() => void} takes it back
 */
export function offer(group) {
  groups.value = [...groups.value, group];
  return () => (groups.value = groups.value.filter((each) => each !== group));
}

/** @param {KeyboardEvent} event */
export function onKey(event) {
  if (!enabled.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest('input, textarea, select, dialog, [contenteditable]')) return;
  const all = groups.value.toReversed().flatMap(({ list }) => list());
  const shortcut = all.find(({ key, run }) => key === event.key && run);
  if (!shortcut?.run) return;
  event.preventDefault();
  shortcut.run();
}
