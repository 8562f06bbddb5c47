/** The table's behaviour: the cursor, the keys, and what an edit changes. */
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { cursorAt, cursorAfterKey, rangeOf, extended, clamped } from './cursor.js';
import { changeRecordings } from './draftStore.js';
import { COLUMNS, copyOf } from './fields.js';
import { requestedCell } from './requestedCell.js';
import { remove } from './removals.js';
import { plural } from '../shared/format.js';

/**
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').FieldsIn} FieldsIn
 * @typedef {{initial: string | null}} Edit
 */

/**
 * @param {readonly Contribution[]} recordings
 * @param {import('../api/submissions.js').Vocabulary} words
 * @param {(recording: Contribution) => void} onLook
 */
export function useGrid(recordings, words, onLook) {
  const table = useRef(/** @type {HTMLTableElement | null} */ (null));
  const [kept, setCursor] = useState(cursorAt(0, 1));
  const [edit, setEdit] = useState(/** @type {Edit | null} */ (null));
  const focusNext = useRef(false);
  const extent = { rows: recordings.length, columns: COLUMNS.length + 1 };
  const cursor = clamped(kept, extent);
  const range = rangeOf(cursor);
  const selected = recordings.slice(range.top, range.bottom + 1);
  const column = cursor.column > 0 ? COLUMNS[cursor.column - 1] : null;

  useLayoutEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    const cell = table.current?.querySelector(`[data-at="${cursor.row}:${cursor.column}"]`);
    /** @type {HTMLElement | undefined} */ (cell ?? undefined)?.focus();
  });

  const target = requestedCell.value;
  useLayoutEffect(() => {
    if (!target) return;
    requestedCell.value = null;
    const row = recordings.findIndex(({ id }) => id === target.id);
    if (row < 0) return;
    focusNext.current = true;
    setCursor(cursorAt(row, COLUMNS.findIndex(({ name }) => name === target.name) + 1));
  }, [target, recordings]);

  /** @param {import('./cursor.js').Cursor} next */
  function go(next) {
    focusNext.current = true;
    setCursor(next);
  }

  /** @param {FieldsIn} changes @param {readonly Contribution[]} [of] */
  function apply(changes, of = selected) {
    const ids = of.map(({ id }) => id);
    void changeRecordings(ids, changes);
    if (ids.length > 1) announce(`${plural(ids.length, 'recording')} changed.`);
  }

  /** @param {string | null} [initial] */
  function begin(initial = null) {
    if (column) setEdit({ initial });
    else onLook(recordings[cursor.row]);
  }

  /** @param {FieldsIn | null} changes */
  function endTicks(changes) {
    setEdit(null);
    go(cursor);
    if (changes) apply(changes);
  }

  function clear() {
    if (!column) {
      remove(selected);
      go(cursorAt(range.top, 0));
      return;
    }
    const names = COLUMNS.slice(Math.max(0, range.left - 1), range.right).map(({ name }) => name);
    apply(Object.fromEntries(names.map((name) => [name, null])));
  }

  function copyDown() {
    const single = range.top === range.bottom;
    const from = recordings[single ? range.top - 1 : range.top];
    const to = single ? selected : selected.slice(1);
    if (!from || !column) return;
    const columns = COLUMNS.slice(Math.max(0, range.left - 1), range.right);
    const changes = Object.assign({}, ...columns.map((each) => copyOf(each, from) ?? {}));
    if (Object.keys(changes).length === 0) {
      announce('A pseudonym cannot be copied: only its hash is stored. Type it again.');
      return;
    }
    apply(changes, to);
  }

  /** The next word of a list that begins with a letter. @param {string} letter */
  function pick(letter) {
    const list = column?.list && words[column.list];
    if (!list || !column) return;
    const now = recordings[cursor.row][/** @type {'label'} */ (column.name)];
    const place = list.findIndex(({ key }) => key === now);
    const ordered = [...list.slice(place + 1), ...list.slice(0, place + 1)];
    const found = ordered.find(({ name }) => name.toLowerCase().startsWith(letter.toLowerCase()));
    if (found) apply({ [column.name]: found.key });
  }

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (edit || event.altKey || recordings.length === 0) return;
    const next = cursorAfterKey(cursor, event, extent);
    if (next) go(next);
    else if (!answer(event)) return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key means something here */
  function answer({ key, ctrlKey, metaKey }) {
    if (ctrlKey || metaKey) {
      if (key === 'd') copyDown();
      return key === 'd';
    }
    if (key === 'Enter' || key === 'F2') begin();
    else if (key === 'Delete' || key === 'Backspace') clear();
    else if (key === 'Escape' && selected.length > 1) go(cursorAt(cursor.row, cursor.column));
    else if (key.length === 1 && key !== '?' && key !== ' ' && column) {
      if (column.list) pick(key);
      else begin(column.kind === 'text' || column.kind === 'patient' ? key : null);
    } else return false;
    return true;
  }

  const state = useRef({ cursor, apply, go, column });
  state.current = { cursor, apply, go, column };

  const onDone = useCallback(
    /** @type {import('./CellEditor.jsx').Done} */
    (value, step) => {
      const { cursor: now, apply: change, go: leadTo, column: edited } = state.current;
      setEdit(null);
      if (value !== undefined && edited) change({ [edited.name]: value });
      const several = now.row !== now.fromRow;
      if (step === 'down') leadTo(several ? now : cursorAt(now.row + 1, now.column));
      else if (step === 'right') leadTo(cursorAt(now.row, now.column + 1));
      else if (step === 'left') leadTo(cursorAt(now.row, now.column - 1));
      else if (table.current?.contains(document.activeElement)) leadTo(now);
    },
    [],
  );

  const mouse = useMouse({ cursor, editing: edit !== null, go, begin });
  return {
    table,
    cursor,
    range,
    selected,
    column,
    edit,
    apply,
    endTicks,
    onDone,
    onKeyDown,
    mouse,
    go,
  };
}

/**
 * A press puts the cursor there, Shift or dragging extends it, another press on it edits.
 * @param {object} grid
 * @param {import('./cursor.js').Cursor} grid.cursor
 * @param {boolean} grid.editing
 * @param {(next: import('./cursor.js').Cursor) => void} grid.go
 * @param {() => void} grid.begin
 */
function useMouse({ cursor, editing, go, begin }) {
  const again = useRef(false);
  const dragging = useRef(false);
  return {
    /** @param {MouseEvent} event */
    onMouseDown(event) {
      const cell = cellOf(event);
      if (!cell || event.button !== 0) return;
      const [row, column] = cell;
      const here = row === cursor.row && column === cursor.column;
      const focused = document.activeElement?.getAttribute('data-at');
      again.current =
        here && cursor.fromRow === row && !event.shiftKey && focused === `${row}:${column}`;
      if (editing && here) return;
      if (editing) /** @type {HTMLElement} */ (document.activeElement).blur(); // keeps what was typed
      event.preventDefault();
      dragging.current = true;
      go(event.shiftKey ? extended(cursor, row, column) : cursorAt(row, column));
    },
    /** @param {MouseEvent} event */
    onMouseOver(event) {
      if (event.buttons !== 1) dragging.current = false;
      const cell = dragging.current && !editing ? cellOf(event) : null;
      if (!cell || (cell[0] === cursor.row && cell[1] === cursor.column)) return;
      again.current = false;
      go(extended(cursor, cell[0], cell[1]));
    },
    /** @param {MouseEvent} event */
    onClick(event) {
      dragging.current = false;
      if (again.current && !editing && cellOf(event)) begin();
    },
  };
}

/** @param {MouseEvent} event @returns {[number, number] | null} */
function cellOf({ target }) {
  const cell = /** @type {HTMLElement} */ (target).closest('[data-at]');
  if (!cell) return null;
  const [row, column] = (cell.getAttribute('data-at') ?? '').split(':').map(Number);
  return [row, column];
}
