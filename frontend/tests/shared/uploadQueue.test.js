import { beforeEach, expect, it, vi } from 'vitest';
import { uploadQueue } from '../../src/shared/uploadQueue.js';

/** @type {string[]} */
let waiting = [];
/** @type {Record<string, {payload: string, signal: AbortSignal, end: () => void}>} */
let sent = {};

const send = (
  /** @type {string} */ key,
  /** @type {string} */ payload,
  /** @type {AbortSignal} */ signal,
) =>
  /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      waiting = waiting.filter((other) => other !== key);
      sent[key] = { payload, signal, end: () => resolve() };
    })
  );

beforeEach(() => {
  waiting = ['a', 'b', 'c', 'd', 'e'];
  sent = {};
});

const filled = (onIdle = () => {}) => {
  const queue = uploadQueue({ waiting: () => waiting, send, onIdle });
  for (const key of waiting) queue.add(key, `file ${key}`);
  return queue;
};

it('sends three at a time, in their order', async () => {
  const queue = filled();
  queue.start();
  queue.start();
  expect(Object.keys(sent)).toEqual(['a', 'b', 'c']);
  expect(sent.a.payload).toBe('file a');
  sent.b.end();
  await vi.waitFor(() => expect(Object.keys(sent)).toEqual(['a', 'b', 'c', 'd']));
});

it('says once that nothing is being sent any more', async () => {
  waiting = ['a', 'b'];
  const onIdle = vi.fn();
  const queue = filled(onIdle);
  queue.start();
  sent.a.end();
  await Promise.resolve();
  expect(onIdle).not.toHaveBeenCalled();
  sent.b.end();
  await vi.waitFor(() => expect(onIdle).toHaveBeenCalledOnce());
});

it('stops one that is being sent, and keeps what is needed to send it again', () => {
  const queue = filled();
  queue.start();
  queue.stop('a', 'deleted');
  expect(sent.a.signal.reason).toBe('deleted');
  expect(queue.has('a')).toBe(true);
  expect(sent.b.signal.aborted).toBe(false);
});

it('does not send one that was removed', () => {
  const queue = filled();
  queue.remove('a');
  queue.start();
  expect(Object.keys(sent)).toEqual(['b', 'c', 'd']);
  expect(queue.has('a')).toBe(false);
});
