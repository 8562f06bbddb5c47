/** Single-key shortcuts, which can be switched off (they get in the way of dictation). */
import { signal } from '@preact/signals';
import { selectBeside, selected } from './items.js';
import { discard, undo } from './deletions.js';
import { screen, screenAll } from './screenings.js';

export const helpOpen = signal(false);

const PLACE = 'pocovid.shortcuts';

export const enabled = signal(localStorage.getItem(PLACE) !== 'off');

/** @param {boolean} on */
export function setEnabled(on) {
  enabled.value = on;
  localStorage.setItem(PLACE, on ? 'on' : 'off');
}

/**
 * @typedef {object} Shortcut
 * @property {string} key
 * @property {string} does
 * @property {() => void} run
 */

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { key: 'a', does: 'Add recordings', run: chooseFiles },
  { key: 's', does: 'Screen the recording you look at', run: screenSelected },
  { key: 'S', does: 'Screen all that are ready', run: () => void screenAll() },
  { key: 'j', does: 'Next recording', run: () => selectBeside(1) },
  { key: 'k', does: 'Previous recording', run: () => selectBeside(-1) },
  { key: 'd', does: 'Delete the recording you look at', run: discardSelected },
  { key: 'z', does: 'Undo the last delete', run: undo },
  { key: '?', does: 'Show this help', run: () => (helpOpen.value = true) },
];

/** @param {KeyboardEvent} event */
export function onKey(event) {
  if (!enabled.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest('input, textarea, select, dialog')) return;
  const shortcut = SHORTCUTS.find(({ key }) => key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
}

function chooseFiles() {
  /** @type {HTMLElement | null} */ (document.querySelector('[data-add]'))?.click();
}

function screenSelected() {
  const item = selected.value;
  if (item?.stage === 'ready' || item?.adjusting) void screen(item.key);
}

function discardSelected() {
  if (selected.value) discard(selected.value.key);
}
