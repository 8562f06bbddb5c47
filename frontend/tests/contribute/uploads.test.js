import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as tus from '../../src/api/tus.js';
import { readPending } from '../../src/contribute/pendingFiles.js';
import {
  addFiles,
  cancel,
  forgetUploadsOf,
  retry,
  secondsLeft,
  uploads,
} from '../../src/contribute/uploads.js';
import { vocabulary } from '../../src/contribute/vocabulary.js';
import { Problem, noAnswer } from '../../src/api/problem.js';
import { user } from '../../src/shared/session.js';
import { makeUser } from '../make.js';
import { WORDS, makeFile } from './make.js';

vi.mock('../../src/api/tus.js', async (original) => ({
  .../** @type {object} */ (await original()),
  sendFile: vi.fn(),
}));
vi.mock('../../src/api/submissions.js');

/** @param {string} path @param {{bytes?: number, type?: string}} [facts] */
const found = (path, { bytes = 10, type = 'video/mp4' } = {}) => ({
  file: new File(['x'.repeat(bytes)], path, { type }),
  path,
});

/** @type {{path: string, done: () => void, fail: (problem: Problem) => void, onProgress: (sent: number) => void, known: string | null | undefined, signal: AbortSignal}[]} */
let lanes = [];
const stages = () => uploads.value.map(({ stage }) => stage);
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  forgetUploadsOf('sub-1');
  localStorage.clear();
  lanes = [];
  vocabulary.value = WORDS;
  user.value = makeUser();
  vi.mocked(tus.sendFile).mockImplementation(
    (_, { path, known, onProgress, signal }) =>
      new Promise((resolve, reject) => {
        lanes.push({ path, known, onProgress, signal, done: () => resolve('id'), fail: reject });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
});

describe('files', () => {
  it('go three at a time, in their order', async () => {
    addFiles(
      'sub-1',
      ['1', '2', '3', '4', '5'].map((name) => found(`${name}.mp4`)),
      [],
    );
    expect(lanes.map(({ path }) => path)).toEqual(['1.mp4', '2.mp4', '3.mp4']);
    lanes[1].done();
    await settle();
    expect(lanes.at(-1)?.path).toBe('4.mp4');
    expect(stages()).toEqual(['sending', 'arrived', 'sending', 'sending', 'waiting']);
  });

  it('that have arrived, or are on their way, are not sent twice', () => {
    const there = [makeFile({ file_name: 'a.mp4', bytes: 10 })];
    expect(addFiles('sub-1', [found('a.mp4'), found('b.mp4')], there)).toMatchObject({
      added: 1,
      already: 1,
    });
    expect(addFiles('sub-1', [found('b.mp4')], there)).toMatchObject({ added: 0, already: 1 });
    expect(addFiles('sub-1', [found('a.mp4', { bytes: 11 })], there)).toMatchObject({ added: 1 });
  });

  it('of which the service has a part go on there, from any computer', () => {
    const there = [makeFile({ id: 'half', file_name: 'a.mp4', bytes: 10, state: 'receiving' })];
    addFiles('sub-1', [found('a.mp4')], there);
    expect(lanes[0].known).toBe('half');
  });

  it('that are something else are left out, and named', () => {
    const others = [found('notes.txt', { type: 'text/plain' }), found('scan', { type: '' })];
    expect(addFiles('sub-1', others, []).leftOut).toEqual(['notes.txt']);
    expect(uploads.value.map(({ path }) => path)).toEqual(['scan']);
  });

  it('may be a ZIP or a CSV', () => {
    const both = [
      found('all.zip', { type: 'application/zip' }),
      found('labels.csv', { type: 'text/csv' }),
    ];
    addFiles('sub-1', both, []);
    expect(stages()).toEqual(['sending', 'sending']);
  });

  it('that cannot be taken are refused before a byte is sent', () => {
    addFiles('sub-1', [found('empty.mp4', { bytes: 0 })], []);
    expect(stages()).toEqual(['refused']);
    expect(lanes).toHaveLength(0);
  });

  it('that the service refuses say why, and can be tried again', async () => {
    addFiles('sub-1', [found('a.mp4')], []);
    lanes[0].fail(new Problem({ code: 'file_too_large', detail: 'Too large.', status: 413 }));
    await settle();
    expect(uploads.value[0]).toMatchObject({
      stage: 'refused',
      problem: { detail: 'Too large.' },
    });
    retry(uploads.value[0].key);
    expect(stages()).toEqual(['sending']);
  });

  it('go on by themselves when the network is back', async () => {
    addFiles('sub-1', [found('a.mp4')], []);
    lanes[0].onProgress(4);
    lanes[0].fail(noAnswer());
    await settle();
    expect(uploads.value[0]).toMatchObject({ stage: 'paused', sent: 4 });
    window.dispatchEvent(new Event('online'));
    await settle();
    expect(stages()).toEqual(['sending']);
    lanes[1].done();
    await settle();
    expect(stages()).toEqual(['arrived']);
  });

  it('wait for whoever was signed out', async () => {
    addFiles('sub-1', [found('a.mp4')], []);
    user.value = null;
    lanes[0].fail(new Problem({ code: 'not_signed_in', detail: 'Sign in.', status: 401 }));
    await settle();
    expect(stages()).toEqual(['paused']);
    user.value = makeUser();
    await settle();
    expect(stages()).toEqual(['sending']);
  });

  it('do not wait for ever for a service that fails', async () => {
    vi.useFakeTimers();
    addFiles('sub-1', [found('a.mp4')], []);
    for (let n = 0; n < 5; n += 1) {
      lanes[n].fail(new Problem({ code: 'internal_error', detail: 'It failed.', status: 500 }));
      await vi.advanceTimersByTimeAsync(30_000);
    }
    vi.useRealTimers();
    expect(stages()).toEqual(['refused']);
  });

  it('tell how long all of them still take, the pauses between small ones included', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    addFiles(
      'sub-1',
      ['1', '2', '3', '4'].map((name) => found(`${name}.mp4`)),
      [],
    );
    lanes[0].onProgress(10);
    expect(secondsLeft.value).toBeNull();
    clock.mockReturnValue(2000);
    lanes[1].onProgress(10);
    expect(secondsLeft.value).toBe(2); // twenty bytes in two seconds, and twenty to go
    clock.mockRestore();
  });

  it('can be called off', async () => {
    addFiles(
      'sub-1',
      ['1', '2', '3', '4'].map((name) => found(`${name}.mp4`)),
      [],
    );
    cancel(uploads.value[0].key);
    await settle();
    expect(lanes[0].signal.reason).toBe(tus.CANCELLED);
    expect(uploads.value.map(({ path }) => path)).toEqual(['2.mp4', '3.mp4', '4.mp4']);
    expect(lanes.at(-1)?.path).toBe('4.mp4');
  });
});

describe('what is still to come', () => {
  it('is remembered until it has arrived', async () => {
    addFiles('sub-1', [found('a.mp4'), found('b.mp4')], []);
    expect(readPending('sub-1').map(({ path }) => path)).toEqual(['a.mp4', 'b.mp4']);
    lanes[0].done();
    await settle();
    expect(readPending('sub-1').map(({ path }) => path)).toEqual(['b.mp4']);
  });

  it('is kept from before a reload, too', () => {
    localStorage.setItem('pocovid.sending.sub-1', '[{"path":"old.mp4","bytes":5}]');
    addFiles('sub-1', [found('a.mp4')], []);
    expect(readPending('sub-1').map(({ path }) => path)).toEqual(['old.mp4', 'a.mp4']);
  });

  it('is forgotten with its submission', () => {
    addFiles('sub-1', [found('a.mp4')], []);
    forgetUploadsOf('sub-1');
    expect(readPending('sub-1')).toEqual([]);
    expect(lanes[0].signal.aborted).toBe(true);
  });
});
