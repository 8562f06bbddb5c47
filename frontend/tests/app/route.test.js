import { describe, expect, it, vi } from 'vitest';
import { followAddress, go, takeHeadingFocus } from '../../src/shared/address.js';
import { place, placeIn } from '../../src/app/route.js';

describe('an address', () => {
  it.each([
    ['', 'screen', ''],
    ['#/', 'screen', ''],
    ['#/screenings/0b0e7c66-6f0a', 'screen', '0b0e7c66-6f0a'],
    ['#/contribute', 'contribute', ''],
    ['#/contribute/7', 'contribute', '7'],
    ['#/dataset/12?label=covid19', 'dataset', '12'],
    ['#/reset/a_b-c', 'reset', 'a_b-c'],
    ['#/screenings/', 'unknown', ''],
    ['#/screenings/a/b', 'unknown', ''],
    ['#/contribute/<b>', 'unknown', ''],
    ['#/nothing', 'unknown', ''],
  ])('%s is the page %s', (hash, name, id) => {
    expect(placeIn(hash)).toMatchObject({ page: { name }, id });
  });

  it('carries words after a question mark', () => {
    expect(placeIn('#/sign-in?back=%2Freview').query.get('back')).toBe('/review');
  });
});

describe('going elsewhere', () => {
  it('is seen once by the page that is come to', async () => {
    followAddress();
    expect(takeHeadingFocus()).toBe(false);
    go('/dataset');
    await vi.waitFor(() => expect(place.value.page.name).toBe('dataset'));
    expect(takeHeadingFocus()).toBe(true);
    expect(takeHeadingFocus()).toBe(false);
  });
});
