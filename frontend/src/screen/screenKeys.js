/** What the keys do on the screening page. */
import { selectBeside, selected } from './items.js';
import { deleteItem, undo } from './deletions.js';
import { screen, screenAll } from './screenings.js';

/** @type {import('../shared/shortcuts.js').Shortcut[]} */
export const SHORTCUTS = [
  { key: 'a', description: 'Add recordings', run: chooseFiles },
  { key: 's', description: 'Screen the recording you look at', run: screenSelected },
  { key: 'S', description: 'Screen all', run: () => void screenAll() },
  { key: 'j', description: 'Next recording', run: () => selectBeside(1) },
  { key: 'k', description: 'Previous recording', run: () => selectBeside(-1) },
  { key: 'd', description: 'Delete the recording you look at', run: discardSelected },
  { key: 'z', description: 'Undo the last delete', run: undo },
];

/** @type {import('../shared/shortcuts.js').Shortcut[]} */
export const FOCUSED_CONTROL_KEYS = [
  { keys: ['←', '→', '↑', '↓'], description: 'Move the square' },
  { keys: ['+', '−'], description: 'Larger, smaller (or Shift with an arrow)' },
  { keys: ['R'], description: 'Back to the proposed square' },
  { keys: ['←', '→', 'Home', 'End'], description: 'Step through the frames of an answer' },
  { keys: ['Space'], description: 'Play and stop the frames' },
];

function chooseFiles() {
  /** @type {HTMLElement | null} */ (document.querySelector('[data-add]'))?.click();
}

function screenSelected() {
  const item = selected.value;
  if (item?.stage === 'ready' || item?.adjusting) void screen(item.key);
}

function discardSelected() {
  if (selected.value) deleteItem(selected.value.key);
}
