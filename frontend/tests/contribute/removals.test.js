import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/submissions.js';
import { hidden, saveError } from '../../src/contribute/draftStore.js';
import { remove, removeAllNow, removals, undo } from '../../src/contribute/removals.js';
import { Problem } from '../../src/api/problem.js';
import { UNDO_MS } from '../../src/shared/undoableDeletion.js';
import { makeContribution } from './make.js';

vi.mock('../../src/api/submissions.js');
vi.mock('../../src/api/tus.js');

const two = [
  makeContribution({ id: 'a', file_name: 'a.mp4' }),
  makeContribution({ id: 'b', file_name: 'b.mp4' }),
];

beforeEach(() => {
  vi.useFakeTimers();
  removals.value = [];
  hidden.value = new Set();
  saveError.value = '';
});
afterEach(() => void vi.useRealTimers());

describe('removed recordings', () => {
  it('are off the page at once, and on the service after a while', async () => {
    remove(two);
    expect([...hidden.value]).toEqual(['a', 'b']);
    expect(api.deleteContribution).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(vi.mocked(api.deleteContribution).mock.calls).toEqual([['a'], ['b']]);
    expect(removals.value).toEqual([]);
  });

  it('come back with undo, the latest first', async () => {
    remove([two[0]]);
    remove([two[1]]);
    undo();
    expect([...hidden.value]).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(vi.mocked(api.deleteContribution).mock.calls).toEqual([['a']]);
  });

  it('are removed at once when the page is left', async () => {
    remove(two);
    window.dispatchEvent(new Event('pagehide'));
    expect(api.deleteContribution).toHaveBeenCalledTimes(2);
    await removeAllNow();
  });

  it('come back with a reason where the service keeps them', async () => {
    vi.mocked(api.deleteContribution).mockRejectedValue(
      new Problem({ code: 'already_submitted', detail: 'It was sent.', status: 409 }),
    );
    remove([two[0]]);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(hidden.value.size).toBe(0);
    expect(saveError.value).toBe('a.mp4 could not be removed. It was sent.');
  });
});
