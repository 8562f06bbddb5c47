import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { Problem, noAnswer } from '../../src/api/problem.js';
import { watchScreening } from '../../src/screen/watchScreening.js';
import { makeResult, makeScreening } from '../make.js';

vi.mock('../../src/api/screenings.js');

class Stream extends EventTarget {
  closed = false;
  onerror = () => {};
  close() {
    this.closed = true;
  }
  /** @param {import('../../src/api/screenings.js').Screening} screening */
  say(screening) {
    this.dispatchEvent(new MessageEvent('screening', { data: JSON.stringify(screening) }));
  }
}

/** @type {Stream[]} */
let streams = [];
/** @type {(() => void)[]} */
let stops = [];

const running = makeScreening({ status: 'running' });
const done = makeScreening({ status: 'done', result: makeResult() });

/** @param {string} [id] */
function listen(id = 'scr-1') {
  const listener = { onUpdate: vi.fn(), onGone: vi.fn(), onOffline: vi.fn() };
  stops.push(watchScreening(id, listener));
  return listener;
}

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  stops = [];
  vi.mocked(api.events).mockImplementation(() => {
    const stream = new Stream();
    streams.push(stream);
    return /** @type {any} */ (stream);
  });
  vi.mocked(api.screening).mockResolvedValue(running);
});

afterEach(() => {
  for (const stop of stops) stop();
  vi.useRealTimers();
});

it('passes on what the stream says, and hangs up after the answer', () => {
  const { onUpdate } = listen();
  streams[0].say(running);
  expect(onUpdate).toHaveBeenLastCalledWith(running);
  expect(streams[0].closed).toBe(false);
  streams[0].say(done);
  expect(onUpdate).toHaveBeenLastCalledWith(done);
  expect(streams[0].closed).toBe(true);
});

it('asks again when the stream fails, and listens again after that', async () => {
  const { onUpdate } = listen();
  streams[0].onerror();
  await vi.advanceTimersByTimeAsync(0);
  expect(onUpdate).toHaveBeenLastCalledWith(running);
  expect(streams).toHaveLength(2);
});

it('keeps asking every two seconds where streams never work', async () => {
  const { onUpdate } = listen();
  for (let n = 0; n < 3; n += 1) {
    streams[n].onerror();
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(streams).toHaveLength(3);
  vi.mocked(api.screening).mockResolvedValue(done);
  await vi.advanceTimersByTimeAsync(2000);
  expect(onUpdate).toHaveBeenLastCalledWith(done);
  expect(streams).toHaveLength(3);
});

it('leaves connections free: two streams at most, the others ask', async () => {
  const listeners = ['a', 'b', 'c'].map(listen);
  expect(streams).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(listeners[2].onUpdate).toHaveBeenCalledTimes(1);
});

it('says that the network is lost, tries less and less often, and goes on when it is back', async () => {
  const { onUpdate, onOffline } = listen();
  vi.mocked(api.screening).mockRejectedValue(noAnswer());
  streams[0].onerror();
  await vi.advanceTimersByTimeAsync(7500);
  expect(onOffline).toHaveBeenLastCalledWith(true);
  expect(api.screening).toHaveBeenCalledTimes(4); // at 0, 1, 3 and 7 seconds
  vi.mocked(api.screening).mockResolvedValue(running);
  window.dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(0);
  expect(onOffline).toHaveBeenLastCalledWith(false);
  expect(onUpdate).toHaveBeenLastCalledWith(running);
});

it.each([404, 410])('gives up when it does not exist any more (%d)', async (status) => {
  const { onGone } = listen();
  vi.mocked(api.screening).mockRejectedValue(
    new Problem({ code: 'gone', detail: 'Gone.', status }),
  );
  streams[0].onerror();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onGone).toHaveBeenCalledTimes(1);
  expect(api.screening).toHaveBeenCalledTimes(1);
});

it('is silent once it is stopped', async () => {
  const { onUpdate } = listen();
  streams[0].onerror();
  stops[0]();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onUpdate).not.toHaveBeenCalled();
});
