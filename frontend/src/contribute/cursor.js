/** The cursor of the table: where it is, how far it reaches, and where a key leads it. */

/**
 * @typedef {object} Cursor
 * @property {number} row
 * @property {number} column
 * @property {number} fromRow where the selection began; the same as `row` for a single cell
 * @property {number} fromColumn
 */

const PAGE = 10;

/** @param {number} row @param {number} column @returns {Cursor} */
export const cursorAt = (row, column) => ({ row, column, fromRow: row, fromColumn: column });

/** @param {Cursor} cursor @param {number} row @param {number} column @returns {Cursor} */
export const extended = (cursor, row, column) => ({ ...cursor, row, column });

/**
 * @param {Cursor} cursor
 * @returns {{top: number, bottom: number, left: number, right: number}} all of them included
 */
export const rangeOf = ({ row, column, fromRow, fromColumn }) => ({
  top: Math.min(row, fromRow),
  bottom: Math.max(row, fromRow),
  left: Math.min(column, fromColumn),
  right: Math.max(column, fromColumn),
});

/**
 * @param {Cursor} cursor
 * @param {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean}} event
 * @param {{rows: number, columns: number}} table
 * @returns {Cursor | null} null: the key does not move it
 */
export function cursorAfterKey(cursor, { key, shiftKey, ctrlKey, metaKey }, { rows, columns }) {
  const far = ctrlKey || metaKey;
  const last = { row: rows - 1, column: columns - 1 };
  if (far && key === 'a') {
    return { row: last.row, column: cursor.column, fromRow: 0, fromColumn: cursor.column };
  }
  const next = target(cursor, key, far, last);
  if (!next) return null;
  const row = clamp(next[0], last.row);
  const column = clamp(next[1], last.column);
  return shiftKey ? extended(cursor, row, column) : cursorAt(row, column);
}

/**
 * @param {Cursor} cursor
 * @param {string} key
 * @param {boolean} far
 * @param {{row: number, column: number}} last
 * @returns {[number, number] | null}
 */
function target({ row, column }, key, far, last) {
  switch (key) {
    case 'ArrowUp':
      return [far ? 0 : row - 1, column];
    case 'ArrowDown':
      return [far ? last.row : row + 1, column];
    case 'ArrowLeft':
      return [row, far ? 0 : column - 1];
    case 'ArrowRight':
      return [row, far ? last.column : column + 1];
    case 'Home':
      return [far ? 0 : row, 0];
    case 'End':
      return [far ? last.row : row, last.column];
    case 'PageUp':
      return [row - PAGE, column];
    case 'PageDown':
      return [row + PAGE, column];
    default:
      return null;
  }
}

/**
 * The cursor within a table that may have become smaller.
 * @param {Cursor} cursor
 * @param {{rows: number, columns: number}} table
 * @returns {Cursor}
 */
export function clamped(cursor, { rows, columns }) {
  return {
    row: clamp(cursor.row, rows - 1),
    column: clamp(cursor.column, columns - 1),
    fromRow: clamp(cursor.fromRow, rows - 1),
    fromColumn: clamp(cursor.fromColumn, columns - 1),
  };
}

/** @param {number} value @param {number} most */
const clamp = (value, most) => Math.max(0, Math.min(value, most));
