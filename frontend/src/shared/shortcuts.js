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

const BOXES = 'input[type=checkbox], input[type=radio]';
const TYPED_INTO = `input:not(${BOXES}), textarea, select, dialog, [contenteditable]`;

/**
 * Whether the control with the focus has a use of its own for a key.
 * @param {HTMLElement} target
 * @param {string} key
 */
function answersItself(target, key) {
  if (key === ' ' || key === 'Enter')
    return target.closest(`a, button, summary, ${BOXES}`) !== null;
  return key.startsWith('Arrow') && target.closest('input[type=radio]') !== null;
}

/** @param {KeyboardEvent} event */
export function onKey(event) {
  if (!enabled.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest(TYPED_INTO) || answersItself(target, event.key)) return;
  const all = groups.value.toReversed().flatMap(({ list }) => list());
  const shortcut = all.find(({ key, run }) => key === event.key && run);
  if (!shortcut?.run) return;
  event.preventDefault();
  shortcut.run();
}
