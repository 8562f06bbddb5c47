import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { request, onSignedOut, query, sendJson } from '../../src/api/client.js';

const fetched = vi.fn();

beforeEach(() => {
  vi.stubGlobal('fetch', fetched);
  fetched.mockImplementation(async () => new Response('{"ok":true}'));
  document.cookie = 'pocovid_csrf=a%2Bb';
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.cookie = 'pocovid_csrf=; max-age=0';
});

const headers = () => fetched.mock.lastCall?.[1].headers;

describe('a request', () => {
  it('that changes something carries the secret of the cookie', async () => {
    expect(await sendJson('POST', '/submissions', { title: 'x' })).toEqual({ ok: true });
    expect(headers()).toEqual({ 'X-CSRF-Token': 'a+b', 'Content-Type': 'application/json' });
    expect(fetched.mock.lastCall?.[0]).toBe('/api/v1/submissions');
  });

  it('that only reads does not', async () => {
    await request('/me');
    expect(headers()).toEqual({});
  });

  it('of somebody who is not signed in has none to carry', async () => {
    document.cookie = 'pocovid_csrf=; max-age=0';
    await request('/sign-in', { method: 'POST' });
    expect(headers()).toEqual({});
  });

  it('that is answered with 401 has the session told', async () => {
    const told = vi.fn();
    onSignedOut(told);
    const body = '{"code":"not_signed_in","detail":"Sign in."}';
    fetched.mockImplementation(async () => new Response(body, { status: 401 }));
    await expect(request('/me')).rejects.toMatchObject({ status: 401, code: 'not_signed_in' });
    expect(told).toHaveBeenCalledOnce();
  });
});

it('a query leaves out what is not given', () => {
  expect(query({ label: 'covid19', source: '', probe: null, older: 0 })).toBe(
    '?label=covid19&older=0',
  );
  expect(query({})).toBe('');
});
