import { describe, expect, it } from 'vitest';
import {
  cursorAt,
  cursorAfterKey,
  rangeOf,
  extended,
  clamped,
} from '../../src/contribute/cursor.js';

const table = { rows: 30, columns: 5 };

/** @param {string} key @param {object} [held] */
const key = (key, held) => ({ key, shiftKey: false, ctrlKey: false, metaKey: false, ...held });

describe('the cursor', () => {
  it.each([
    ['ArrowDown', {}, 13, 2],
    ['ArrowUp', {}, 11, 2],
    ['ArrowLeft', {}, 12, 1],
    ['ArrowRight', {}, 12, 3],
    ['Home', {}, 12, 0],
    ['End', {}, 12, 4],
    ['PageDown', {}, 22, 2],
    ['PageUp', {}, 2, 2],
    ['ArrowDown', { ctrlKey: true }, 29, 2],
    ['ArrowLeft', { metaKey: true }, 12, 0],
    ['Home', { ctrlKey: true }, 0, 0],
    ['End', { ctrlKey: true }, 29, 4],
  ])('%s %o goes to %i, %i', (name, held, row, column) => {
    expect(cursorAfterKey(cursorAt(12, 2), key(name, held), table)).toEqual(cursorAt(row, column));
  });

  it('stops at the edges', () => {
    expect(cursorAfterKey(cursorAt(0, 0), key('ArrowUp'), table)).toEqual(cursorAt(0, 0));
    expect(cursorAfterKey(cursorAt(29, 4), key('PageDown'), table)).toEqual(cursorAt(29, 4));
  });

  it('leaves other keys alone', () => {
    expect(cursorAfterKey(cursorAt(0, 0), key('x'), table)).toBeNull();
  });

  it('reaches further with Shift, and back', () => {
    const further = cursorAfterKey(cursorAt(3, 1), key('ArrowDown', { shiftKey: true }), table);
    expect(rangeOf(further ?? expect.unreachable())).toEqual({
      top: 3,
      bottom: 4,
      left: 1,
      right: 1,
    });
    const back = cursorAfterKey(
      further ?? expect.unreachable(),
      key('ArrowUp', { shiftKey: true }),
      table,
    );
    expect(back).toEqual(cursorAt(3, 1));
  });

  it('selects its whole column with Ctrl A', () => {
    const all = cursorAfterKey(cursorAt(3, 1), key('a', { ctrlKey: true }), table);
    expect(rangeOf(all ?? expect.unreachable())).toEqual({ top: 0, bottom: 29, left: 1, right: 1 });
  });

  it('stays in a table that became smaller', () => {
    const cursor = extended(cursorAt(20, 1), 25, 1);
    expect(clamped(cursor, { rows: 10, columns: 5 })).toEqual(cursorAt(9, 1));
  });
});
