import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/submissions.js';

const fetched = vi.fn();

beforeEach(() => void vi.stubGlobal('fetch', fetched));
afterEach(() => void vi.unstubAllGlobals());

/** @param {unknown} body */
const answered = (body) => new Response(JSON.stringify(body));

describe('the recordings of a submission', () => {
  it('come page by page until there are no more', async () => {
    fetched
      .mockResolvedValueOnce(answered({ items: [{ id: 'a' }], next: 'after a' }))
      .mockResolvedValueOnce(answered({ items: [{ id: 'b' }], next: null }));
    expect(await api.contributions('sub-1')).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(fetched.mock.calls.map(([path]) => path)).toEqual([
      '/api/v1/submissions/sub-1/contributions?limit=200',
      '/api/v1/submissions/sub-1/contributions?limit=200&cursor=after+a',
    ]);
  });

  it('are changed together', async () => {
    fetched.mockResolvedValue(answered({ changed: 2 }));
    await api.changeContributions('sub-1', ['a', 'b'], { label: null });
    const [path, options] = fetched.mock.lastCall ?? expect.unreachable();
    expect([options.method, path]).toEqual(['PATCH', '/api/v1/submissions/sub-1/contributions']);
    expect(JSON.parse(options.body)).toEqual({ ids: ['a', 'b'], fields: { label: null } });
  });
});

it('sending a submission says that its contributor agrees', async () => {
  fetched.mockResolvedValue(answered({}));
  await api.submit('sub-1');
  expect(fetched.mock.lastCall?.[0]).toBe('/api/v1/submissions/sub-1/submit');
  expect(JSON.parse(fetched.mock.lastCall?.[1].body)).toEqual({ consent: true });
});
