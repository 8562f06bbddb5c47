import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withRetry } from '../../src/shared/retry.js';
import { Problem } from '../../src/api/problem.js';

const busy = () =>
  new Problem({ code: 'rate_limited', detail: 'Later.', status: 429, retryAfter: 12 });
const signal = () => new AbortController().signal;

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

it('waits as long as it is told, says so, and sends again by itself', async () => {
  const request = vi.fn().mockRejectedValueOnce(busy()).mockResolvedValueOnce('answer');
  const onWait = vi.fn();
  const answer = withRetry(request, { onWait, signal: signal() });
  await vi.advanceTimersByTimeAsync(11_900);
  expect(onWait).toHaveBeenCalledExactlyOnceWith(1_012_000, expect.any(Problem));
  expect(request).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(await answer).toBe('answer');
  expect(onWait).toHaveBeenLastCalledWith(null, null);
});

it('passes on a refusal at once', async () => {
  const refusal = new Problem({ code: 'truncated_file', detail: 'No.', status: 422 });
  const request = vi.fn().mockRejectedValue(refusal);
  await expect(withRetry(request, { onWait: vi.fn(), signal: signal() })).rejects.toBe(refusal);
  expect(request).toHaveBeenCalledTimes(1);
});

it('stops waiting when it is called off', async () => {
  const controller = new AbortController();
  const request = vi.fn().mockRejectedValue(busy());
  const answer = withRetry(request, { onWait: vi.fn(), signal: controller.signal });
  const outcome = expect(answer).rejects.toHaveProperty('name', 'AbortError');
  await vi.advanceTimersByTimeAsync(1000);
  controller.abort();
  await outcome;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(request).toHaveBeenCalledTimes(1);
});
