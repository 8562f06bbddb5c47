import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UNDO_MS, undoableDeletion } from '../../src/shared/undoableDeletion.js';

const carryOut = vi.fn();
const restore = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  carryOut.mockResolvedValue(undefined);
});
afterEach(() => void vi.useRealTimers());

const scheduled = (/** @type {string[]} */ ...names) => {
  const deletion = undoableDeletion({ carryOut, restore });
  for (const name of names) deletion.schedule(name);
  return deletion;
};

it('carries each deletion out once, when it can no longer be undone', async () => {
  const { pending, undo } = scheduled('a');
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(carryOut).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(carryOut).toHaveBeenCalledExactlyOnceWith('a');
  expect(pending.value).toEqual([]);
  undo();
  expect(restore).not.toHaveBeenCalled();
});

it('undoes the latest first, and does not carry it out', async () => {
  const { pending, undo } = scheduled('a', 'b');
  undo();
  expect(restore).toHaveBeenCalledExactlyOnceWith('b');
  expect(pending.value).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(carryOut).toHaveBeenCalledExactlyOnceWith('a');
});

it('carries out at once whatever is pending, and not again later', async () => {
  const { deleteAllNow } = scheduled('a', 'b');
  await deleteAllNow();
  expect(carryOut.mock.calls).toEqual([['a'], ['b']]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(carryOut).toHaveBeenCalledTimes(2);
});
