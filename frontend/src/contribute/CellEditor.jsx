/** A cell while it is edited: Enter keeps the value, Esc does not, leaving it keeps it. */
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * @callback Done
 * @param {string | null | undefined} value undefined: as it was
 * @param {'down' | 'right' | 'left' | 'stay'} step where the cursor goes
 * @returns {void}
 */

/**
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control
 *
 * @param {{
 *   column: import('./fields.js').Column,
 *   recording: import('../api/submissions.js').Contribution,
 *   initial: string | null,
 *   words: import('../api/submissions.js').Vocabulary,
 *   onDone: Done,
 * }} props
 */
export function CellEditor({ column, recording, initial, words, onDone }) {
  const { name, title, kind, list, hint, most } = column;
  const control = useRef(/** @type {Control | null} */ (null));
  const over = useRef(false);
  const shown = useRef('');
  const own = recording.fields_from.includes(name)
    ? ''
    : (recording[/** @type {'note'} */ (name)] ?? '');
  const begin = kind === 'patient' ? (initial ?? '') : (initial ?? own);

  /** @param {'down' | 'right' | 'left' | 'stay'} step @param {boolean} [keep] */
  function finish(step, keep = true) {
    if (over.current || !control.current) return; // it is gone with its row
    over.current = true;
    const { value } = control.current;
    // A control shows some texts otherwise than they are: what nobody touched stays as it was.
    const untouched = initial === null && value === shown.current;
    const same = untouched || value === (kind === 'patient' ? '' : own);
    onDone(keep && !same ? (value.trim() ? value : null) : undefined, step);
  }

  // Before the next key can come: it is meant for the editor.
  useLayoutEffect(() => {
    const element = control.current;
    if (!element) return;
    shown.current = element.value;
    element.focus();
    if (element instanceof HTMLSelectElement) openList(element);
    else if (initial === null) element.select();
  }, [list, initial]);

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === 'Escape') finish('stay', false);
    else if (event.key === 'Enter' && !event.shiftKey) finish('down');
    else if (event.key === 'Tab') finish(event.shiftKey ? 'left' : 'right');
    else return;
    event.preventDefault();
  }

  const shared = {
    /** @param {Control | null} element */
    ref: (element) => void (control.current = element),
    class: 'entry-input',
    'aria-label': `${title} of ${recording.file_name}`,
    onKeyDown,
    onBlur: () => finish('stay'),
  };
  if (list) {
    return (
      <select
        {...shared}
        defaultValue={own}
        onChange={() => {
          if (opensLists) finish('stay'); // chosen from the open list, rather than passed by
        }}
      >
        <option value="" selected={own === ''}>
          {recording.fields_from.includes(name) || own ? 'Default' : 'Not set'}
        </option>
        {words[list].map((word) => (
          <option key={word.key} value={word.key} selected={word.key === own}>
            {word.name}
          </option>
        ))}
      </select>
    );
  }
  const Entry = begin.includes('\n') ? 'textarea' : 'input'; // an input drops line ends
  return (
    <Entry
      {...shared}
      maxLength={most}
      autoComplete="off"
      placeholder={placeholderOf(column, recording)}
      title={hint}
      defaultValue={begin}
    />
  );
}

const opensLists = typeof HTMLSelectElement.prototype.showPicker === 'function';

/** @param {HTMLSelectElement} select */
function openList(select) {
  try {
    if (opensLists) select.showPicker();
  } catch {
    // Only allowed right after a key or a click; the list can be opened by hand.
  }
}

/**
 * What stays if nothing is typed, or what is asked for.
 * @param {import('./fields.js').Column} column
 * @param {import('../api/submissions.js').Contribution} recording
 */
function placeholderOf({ name, kind }, recording) {
  if (kind === 'patient') return 'Pseudonym, never a name';
  return recording.fields_from.includes(name)
    ? String(recording[/** @type {'note'} */ (name)])
    : '';
}
