import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { makeRecording } from '../make.js';

class Request {
  static latest = /** @type {Request | null} */ (null);
  upload = { onprogress: /** @type {(event: object) => void} */ (() => {}) };
  status = 0;
  response = '';
  sent = /** @type {FormData | null} */ (null);
  headers = /** @type {Record<string, string>} */ ({});
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  constructor() {
    Request.latest = this;
  }
  open = vi.fn();
  /** @param {FormData} form */
  send(form) {
    this.sent = form;
  }
  abort() {
    this.onabort();
  }
  /** @param {string} name */
  getResponseHeader(name) {
    return this.headers[name] ?? null;
  }
  /** @param {number} status @param {unknown} body */
  answer(status, body) {
    this.status = status;
    this.response = JSON.stringify(body);
    this.onload();
  }
}

const fetched = vi.fn();

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', Request);
  vi.stubGlobal('fetch', fetched);
});
afterEach(() => void vi.unstubAllGlobals());

const file = new File(['pixels'], 'clip.mp4', { type: 'video/mp4' });

/** @param {AbortSignal} [signal] */
function upload(signal = new AbortController().signal) {
  const onProgress = vi.fn();
  const answer = api.upload(file, { onProgress, signal });
  const request = Request.latest ?? expect.unreachable();
  return { answer, onProgress, request };
}

describe('an upload', () => {
  it('sends the file and gives the recording', async () => {
    const { answer, onProgress, request } = upload();
    request.upload.onprogress({ loaded: 3, total: 6 });
    request.answer(201, makeRecording());
    expect(await answer).toEqual(makeRecording());
    expect(request.open).toHaveBeenCalledWith('POST', '/api/v1/recordings');
    expect(request.sent?.get('file')).toHaveProperty('name', 'clip.mp4');
    expect(onProgress).toHaveBeenCalledWith(3, 6);
  });

  it('fails with what the service says', async () => {
    const { answer, request } = upload();
    request.headers['Retry-After'] = '9';
    request.answer(429, { code: 'rate_limited', detail: 'Too many.' });
    await expect(answer).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 9 });
  });

  it('fails with words of its own when no answer comes', async () => {
    const { answer, request } = upload();
    request.onerror();
    await expect(answer).rejects.toMatchObject({ code: 'no_answer', status: 0 });
  });

  it('can be called off', async () => {
    const controller = new AbortController();
    const { answer } = upload(controller.signal);
    controller.abort();
    await expect(answer).rejects.toHaveProperty('name', 'AbortError');
  });
});

describe('a request', () => {
  it('for an answer carries recording, square and probe', async () => {
    fetched.mockResolvedValue(new Response('{"id": "scr-1"}', { status: 202 }));
    expect(await api.screen('rec-1', { x: 1, y: 2, size: 3 }, 'linear')).toEqual({ id: 'scr-1' });
    const [path, { method, body }] = fetched.mock.lastCall ?? expect.unreachable();
    expect([path, method]).toEqual(['/api/v1/screenings', 'POST']);
    expect(JSON.parse(body)).toEqual({
      recording_id: 'rec-1',
      crop: { x: 1, y: 2, size: 3 },
      probe: 'linear',
    });
  });

  it('to delete outlives the page', async () => {
    fetched.mockResolvedValue(new Response(null, { status: 204 }));
    await api.removeRecording('rec-1');
    expect(fetched).toHaveBeenCalledWith('/api/v1/recordings/rec-1', {
      method: 'DELETE',
      headers: {},
      keepalive: true,
    });
  });

  it('that is refused fails with what the service says', async () => {
    const body = '{"code": "not_found", "detail": "There is no screening."}';
    fetched.mockResolvedValue(new Response(body, { status: 404 }));
    await expect(api.screening('x')).rejects.toMatchObject({ gone: true, code: 'not_found' });
  });

  it('without an answer is no programming error', async () => {
    fetched.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(api.limits()).rejects.toMatchObject({ code: 'no_answer' });
  });
});

it('an id cannot lead elsewhere', () => {
  expect(api.frameUrl('../x', 3)).toBe('/api/v1/screenings/..%2Fx/frames/3.jpg');
});
