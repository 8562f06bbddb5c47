import { describe, expect, it } from 'vitest';
import { screeningIn } from '../src/route.js';

describe('the address', () => {
  it.each([
    ['#/screenings/0b0e7c66-6f0a', '0b0e7c66-6f0a'],
    ['#/', null],
    ['', null],
    ['#/screenings/', null],
    ['#/screenings/a/b', null],
  ])('%s names %s', (hash, id) => {
    expect(screeningIn(hash)).toBe(id);
  });
});
