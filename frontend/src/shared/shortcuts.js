/** Single-key shortcuts of the page, which can be switched off (they get in the way of dictation). */
import { signal } from '@preact/signals';

/**
 * @typedef {object} Shortcut
 * @property {string} [key] as the keyboard names it: `a`, `A` (with Shift), `?`
 * @property {string[]} [keys] how the help writes it, where that is not the key itself
 * @property {string} description of what the key does
 * @property {() => void} [run] without one, whatever has the focus answers the key by itself
 */

/**
 * @typedef {object} Group
 * @property {string} title
 * @property {() => Shortcut[]} list
 */

export const helpOpen = signal(false);

const STORAGE_KEY = 'pocovid.shortcuts';

export const enabled = signal(localStorage.getItem(STORAGE_KEY) !== 'off');

/** @type {Shortcut} */
const HELP = { key: '?', description: 'Show this help', run: () => (helpOpen.value = true) };

/** What the keys do at the moment: everywhere, then whatever the page offers. */
export const groups = signal(
  /** @type {Group[]} */ ([{ title: 'Everywhere', list: () => [HELP] }]),
);

/** @param {boolean} on */
export function setEnabled(on) {
  enabled.value = on;
  localStorage.setItem(STORAGE_KEY, on ? 'on' : 'off');
}

/**
 * @param {Group} group
 * @returns {() => void} removes the group
 */
export function register(group) {
  groups.value = [...groups.value, group];
  return () => (groups.value = groups.value.filter((each) => each !== group));
}

const TICK_CONTROLS = 'input[type=checkbox], input[type=radio]';
const SLIDERS = 'input[type=range]';
const TEXT_CONTROLS = `input:not(${TICK_CONTROLS}, ${SLIDERS}), textarea, select, dialog, [contenteditable]`;

/**
 * Whether the control with the focus has a use of its own for a key.
 * @param {HTMLElement} target
 * @param {string} key
 */
function handlesKey(target, key) {
  if (key === ' ' || key === 'Enter')
    return target.closest(`a, button, summary, ${TICK_CONTROLS}`) !== null;
  return key.startsWith('Arrow') && target.closest(`input[type=radio], ${SLIDERS}`) !== null;
}

/** @param {KeyboardEvent} event */
export function onKey(event) {
  if (!enabled.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest(TEXT_CONTROLS) || handlesKey(target, event.key)) return;
  const all = groups.value.toReversed().flatMap(({ list }) => list());
  const shortcut = all.find(({ key, run }) => key === event.key && run);
  if (!shortcut?.run) return;
  event.preventDefault();
  shortcut.run();
}
