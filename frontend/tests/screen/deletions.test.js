import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { closeItem, deleteAllNow, deleteItem, pending, undo } from '../../src/screen/deletions.js';
import { insertItems, items, select, selected } from '../../src/screen/items.js';
import { UNDO_MS } from '../../src/shared/undoableDeletion.js';
import { makeReadyItem } from '../make.js';

vi.mock('../../src/api/screenings.js');

beforeEach(() => {
  vi.useFakeTimers();
  pending.value = [];
  vi.mocked(api.removeRecording).mockResolvedValue(undefined);
  vi.mocked(api.removeScreening).mockResolvedValue(undefined);
});
afterEach(() => void vi.useRealTimers());

function three() {
  const made = ['a', 'b', 'c'].map((name) => makeReadyItem({ name, recordingId: `rec-${name}` }));
  insertItems(made);
  select(made[1].key);
  return made;
}

function expectNothingRemoved() {
  expect(api.removeRecording).not.toHaveBeenCalled();
  expect(api.removeScreening).not.toHaveBeenCalled();
}

const names = () => items.value.map(({ name }) => name);

it('takes a recording off the page at once and tells the service later', async () => {
  const [, b] = three();
  deleteItem(b.key);
  expect(names()).toEqual(['a', 'c']);
  expect(selected.value?.name).toBe('c');
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expectNothingRemoved();
  await vi.advanceTimersByTimeAsync(1);
  expect(api.removeRecording).toHaveBeenCalledExactlyOnceWith('rec-b');
  expect(pending.value).toEqual([]);
});

it('can be undone, to the same place, and then the service hears nothing', async () => {
  const [, b] = three();
  deleteItem(b.key);
  undo();
  expect(names()).toEqual(['a', 'b', 'c']);
  expect(selected.value?.name).toBe('b');
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expectNothingRemoved();
});

it('undoes the latest first', () => {
  const [a, b] = three();
  deleteItem(a.key);
  deleteItem(b.key);
  undo();
  expect(names()).toEqual(['b', 'c']);
  undo();
  expect(names()).toEqual(['a', 'b', 'c']);
});

it('is carried out at once when the page is left', () => {
  const [a] = three();
  deleteItem(a.key);
  void deleteAllNow();
  expect(api.removeRecording).toHaveBeenCalledExactlyOnceWith('rec-a');
});

it("deletes only the screening where the recording is somebody else's", async () => {
  const item = makeReadyItem({ uploadedHere: false, screeningId: 'scr-9' });
  insertItems([item]);
  deleteItem(item.key);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(api.removeScreening).toHaveBeenCalledExactlyOnceWith('scr-9');
  expect(api.removeRecording).not.toHaveBeenCalled();
});

it('has nothing to tell the service about a file that never arrived', async () => {
  const item = makeReadyItem({ stage: 'refused', recordingId: null });
  insertItems([item]);
  deleteItem(item.key);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expectNothingRemoved();
});

it('leaves the service alone when something is only closed', async () => {
  const [a] = three();
  closeItem(a.key);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(names()).toEqual(['b', 'c']);
  expectNothingRemoved();
});
