import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from '../../src/api/call.js';

const fetched = vi.fn();

beforeEach(() => {
  fetched.mockImplementation(async () => Response.json({ items: [], next: null }));
  vi.stubGlobal('fetch', fetched);
});
afterEach(() => void vi.unstubAllGlobals());

const sent = () => {
  const [address, { method, body, keepalive }] = fetched.mock.lastCall ?? expect.unreachable();
  return { address, method, body: body && JSON.parse(body), keepalive };
};

describe('a call', () => {
  it('fills the parameters into its path and adds those of its query', async () => {
    await call('get', '/releases/{number}/items', {
      path: { number: 'a/b' },
      query: { label: 'covid19', probe: '', cursor: null },
    });
    expect(sent()).toMatchObject({
      address: '/api/v1/releases/a%2Fb/items?label=covid19',
      method: 'GET',
    });
  });

  it('that changes something has a JSON body, also an empty one', async () => {
    await call('post', '/sign-out');
    expect(sent()).toMatchObject({ address: '/api/v1/sign-out', method: 'POST', body: {} });
    await call('patch', '/users/{user_id}', { path: { user_id: '1' }, body: { role: 'admin' } });
    expect(sent()).toMatchObject({ method: 'PATCH', body: { role: 'admin' } });
  });

  it('can outlive the page', async () => {
    const path = { contribution_id: 'a' };
    await call('delete', '/contributions/{contribution_id}', { path, keepalive: true });
    expect(sent()).toMatchObject({ method: 'DELETE', keepalive: true });
  });

  it('has the types of the document of the API', async () => {
    const page = await call('get', '/releases', { query: { cursor: 'a' } });
    const number = /** @param {{number: number}} release */ (release) => release.number;
    expect(page.items.map(number)).toEqual([]);
    const wrong = [
      // @ts-expect-error the query has no such name
      () => call('get', '/releases', { query: { cursors: 'a' } }),
      // @ts-expect-error nothing is deleted there
      () => call('delete', '/releases'),
      // @ts-expect-error the path has a parameter
      () => call('get', '/releases/{number}'),
      // @ts-expect-error there is no such role
      () => call('patch', '/users/{user_id}', { path: { user_id: '1' }, body: { role: 'king' } }),
      // @ts-expect-error an answer has no such field
      () => page.pages,
    ];
    expect(wrong).toHaveLength(5);
  });
});
