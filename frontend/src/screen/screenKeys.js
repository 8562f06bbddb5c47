/** What the keys do on the screening page. */
import { selectBeside, selected } from './items.js';
import { discard, undo } from './deletions.js';
import { screen, screenAll } from './screenings.js';

/** @type {import('../shared/shortcuts.js').Shortcut[]} */
export const SHORTCUTS = [
  { key: 'a', does: 'Add recordings', run: chooseFiles },
  { key: 's', does: 'Screen the recording you look at', run: screenSelected },
  { key: 'S', does: 'Screen all', run: () => void screenAll() },
  { key: 'j', does: 'Next recording', run: () => selectBeside(1) },
  { key: 'k', does: 'Previous recording', run: () => selectBeside(-1) },
  { key: 'd', does: 'Delete the recording you look at', run: discardSelected },
  { key: 'z', does: 'Undo the last delete', run: undo },
];

/** @type {import('../shared/shortcuts.js').Shortcut[]} */
export const IN_PLACE = [
  { keys: ['←', '→', '↑', '↓'], does: 'Move the square' },
  { keys: ['+', '−'], does: 'Larger, smaller (or Shift with an arrow)' },
  { keys: ['R'], does: 'Back to the proposed square' },
  { keys: ['←', '→', 'Home', 'End'], does: 'Step through the frames of an answer' },
  { keys: ['Space'], does: 'Play and stop the frames' },
];

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
