import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { releaseItems, releases } from '../../src/api/dataset.js';

const fetched = vi.fn();

beforeEach(() => {
  fetched.mockImplementation(async () => Response.json({ items: [], next: null }));
  vi.stubGlobal('fetch', fetched);
});

afterEach(() => vi.unstubAllGlobals());

const asked = () => fetched.mock.lastCall?.[0];

it('the releases that follow are asked for by the cursor of the page before', async () => {
  await releases('7');
  expect(asked()).toBe('/api/v1/releases?cursor=7');
});

it('the recordings of a release that follow are asked for by the cursor of the page before', async () => {
  await releaseItems(2, { label: 'covid19', probe: '' }, 'item-24');
  expect(asked()).toBe('/api/v1/releases/2/items?label=covid19&cursor=item-24&limit=24');
});
