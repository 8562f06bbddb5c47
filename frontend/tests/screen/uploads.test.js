import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { find, items, selected } from '../../src/screen/items.js';
import { Problem, noAnswer } from '../../src/api/problem.js';
import { addFiles, canRetry, forgetFile, retry } from '../../src/screen/uploads.js';
import { makeRecording } from '../make.js';

vi.mock('../../src/api/screenings.js');

/** @type {{file: File, answer: (recording: any) => void, fail: (problem: Problem) => void, progress: (sent: number, total: number) => void, signal: AbortSignal}[]} */
let sent = [];

/** @param {string} name @param {number} [bytes] */
const clip = (name, bytes = 1000) => new File([new Uint8Array(bytes)], name, { type: 'video/mp4' });

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  vi.mocked(api.upload).mockImplementation(
    (file, { onProgress, signal }) =>
      new Promise((answer, fail) => {
        signal.addEventListener('abort', () => fail(signal.reason));
        sent.push({ file, answer, fail, progress: onProgress, signal });
      }),
  );
});

afterEach(async () => {
  for (const { key } of items.value) forgetFile(key);
  await settle();
  vi.useRealTimers();
});

const stages = () => items.value.map(({ stage }) => stage);

describe('uploading', () => {
  it('sends three files at a time, in their order', async () => {
    addFiles(['a', 'b', 'c', 'd', 'e'].map((name) => clip(name)));
    expect(sent.map(({ file }) => file.name)).toEqual(['a', 'b', 'c']);
    expect(stages()).toEqual(['uploading', 'uploading', 'uploading', 'waiting', 'waiting']);
    sent[1].answer(makeRecording());
    await settle();
    expect(sent.map(({ file }) => file.name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('proposes the square when a file has arrived', async () => {
    addFiles([clip('a.mp4')]);
    sent[0].answer(makeRecording());
    await settle();
    expect(items.value[0]).toMatchObject({
      stage: 'ready',
      recordingId: 'rec-1',
      square: { x: 110, y: 20, size: 420 },
    });
  });

  it('gives each file its own progress', () => {
    addFiles([clip('a'), clip('b')]);
    sent[1].progress(400, 1200);
    expect(items.value.map((item) => item.sent)).toEqual([0, 400]);
    expect(items.value[1].bytes).toBe(1200);
  });

  it('keeps the reason of a refusal, and lets the others go on', async () => {
    addFiles([clip('a'), clip('b')]);
    const refusal = new Problem({ code: 'truncated_file', detail: 'It ends early.', status: 422 });
    sent[0].fail(refusal);
    sent[1].answer(makeRecording());
    await settle();
    expect(stages()).toEqual(['refused', 'ready']);
    expect(items.value[0].problem).toBe(refusal);
  });

  it('sends a file again on demand', async () => {
    addFiles([clip('a')]);
    const { key } = items.value[0];
    sent[0].fail(noAnswer());
    await settle();
    expect(canRetry(key)).toBe(true);
    retry(key);
    sent[1].answer(makeRecording());
    await settle();
    expect(find(key)).toMatchObject({ stage: 'ready', problem: null });
  });

  it('waits visibly when the service is busy, then goes on by itself', async () => {
    addFiles([clip('a')]);
    sent[0].fail(
      new Problem({ code: 'rate_limited', detail: 'Later.', status: 429, retryAfter: 7 }),
    );
    await settle();
    expect(items.value[0].resumesAt).toBe(Date.now() + 7000);
    await vi.advanceTimersByTimeAsync(7000);
    expect(items.value[0]).toMatchObject({ stage: 'uploading', resumesAt: null, problem: null });
    expect(sent).toHaveLength(2);
  });

  it('does not send a file that is empty', () => {
    addFiles([clip('nothing.mp4', 0)]);
    expect(sent).toHaveLength(0);
    expect(items.value[0]).toMatchObject({ stage: 'refused', problem: { code: 'empty_file' } });
  });
});

describe('what is looked at when files come', () => {
  it('is the first of them', () => {
    addFiles([clip('a'), clip('b')]);
    expect(selected.value?.name).toBe('a');
  });

  it('stays what somebody is working on', async () => {
    addFiles([clip('a')]);
    addFiles([clip('b')]);
    expect(selected.value?.name).toBe('a');
  });
});
