import { expect, it } from 'vitest';
import { advice, mayPass, noAnswer, problemFrom, whyItWaits } from '../../src/api/problem.js';

it('takes code and sentence from problem+json', () => {
  const body = JSON.stringify({ code: 'truncated_file', detail: 'The file ends too early.' });
  const problem = problemFrom(422, body, null);
  expect(problem).toMatchObject({
    code: 'truncated_file',
    detail: 'The file ends too early.',
    status: 422,
    retryAfter: null,
    busy: false,
  });
});

it("makes do with a proxy's page", () => {
  expect(problemFrom(502, '<html>Bad gateway</html>', null)).toMatchObject({
    code: 'http_502',
    detail: 'The service answered with status 502.',
  });
});

it.each([
  ['the header', '12', '{}', 12],
  ['the body', null, '{"retry_after_s": 7}', 7],
  ['neither, then a little', null, '{}', 5],
  ['a header that is no number, then the body', 'soon', '{"retry_after_s": 3}', 3],
])('knows from %s how long to wait', (_, header, body, seconds) => {
  expect(problemFrom(429, body, header).retryAfter).toBe(seconds);
});

it('understands a date in the header', () => {
  const date = new Date(Date.now() + 60_000).toUTCString();
  const { retryAfter } = problemFrom(503, '{}', date);
  expect(retryAfter).toBeGreaterThan(55);
  expect(retryAfter).toBeLessThanOrEqual(60);
});

it.each([404, 410])('counts %d as gone', (status) => {
  expect(problemFrom(status, '{}', null).gone).toBe(true);
});

it('always has something to do next', () => {
  expect(advice(noAnswer())).toContain('network');
  expect(advice(problemFrom(422, '{"code":"too_small"}', null))).toContain('larger picture');
  expect(advice(problemFrom(500, '', null))).toContain('Try again in a moment');
  expect(advice(problemFrom(418, '', null))).toContain('another file');
});

it.each(['truncated_file', 'unsupported_type', 'too_long', 'worker_lost'])(
  'adds nothing to the service’s own sentence about %s, which says what to do',
  (code) => expect(advice({ code, status: 422 })).toBe(''),
);

it('says why something waits without seconds that are past', () => {
  const detail = 'More than 30 uploads in a minute. Please try again in 58 seconds.';
  expect(whyItWaits(problemFrom(429, JSON.stringify({ detail }), '58'))).toBe(
    'More than 30 uploads in a minute.',
  );
  expect(whyItWaits(null)).toBe('The service is busy.');
});

it('a file that is damaged stays so, and a busy or broken service does not', () => {
  for (const code of ['truncated_file', 'unreadable_file', 'empty_file', 'no_frames']) {
    expect(mayPass({ code, status: 422 })).toBe(false);
    expect(mayPass({ code })).toBe(false); // as a screening says it
  }
  expect(mayPass({ code: 'not_found', status: 404 })).toBe(false);
  for (const [code, status] of /** @type {const} */ ([
    ['no_answer', 0],
    ['storage_full', 507],
    ['rate_limited', 429],
    ['upload_timeout', 408],
    ['worker_lost', undefined],
    ['internal_error', undefined],
  ])) {
    expect(mayPass({ code, status })).toBe(true);
  }
});
