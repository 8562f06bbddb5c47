import { describe, expect, it } from 'vitest';
import { advance, frameAt, durationOf, nextRate } from '../../src/review/playback.js';

const uneven = [0, 0.1, 0.5, 0.6];

describe('the frame at a moment', () => {
  it.each([
    [0, 0],
    [0.09, 0],
    [0.1, 1],
    [0.49, 1],
    [0.5, 2],
    [99, 3],
    [-1, 0],
  ])('%s s is frame %s', (moment, frame) => {
    expect(frameAt(uneven, moment)).toBe(frame);
  });
});

it('the last frame is seen as long as the others are on average', () => {
  expect(durationOf([0, 0.5, 1])).toBe(1.5);
  expect(durationOf([0])).toBe(0);
  expect(durationOf([])).toBe(0);
});

describe('playing on', () => {
  const part = { from: 1, to: 3, loop: true };

  it.each([
    [1, 0.5, 1.5, false],
    [2.5, 1, 1.5, false],
    [0, 0.25, 1.25, false], // what is before the part is not played
  ])('from %s by %s s comes to %s', (moment, elapsed, expected, ended) => {
    expect(advance(moment, elapsed, part)).toEqual({ moment: expected, ended });
  });

  it('ends at the end without a loop', () => {
    expect(advance(2.5, 1, { ...part, loop: false })).toEqual({ moment: 3, ended: true });
  });

  it('ends at once where there is nothing to play', () => {
    expect(advance(0, 1, { from: 0, to: 0, loop: true })).toEqual({ moment: 0, ended: true });
  });
});

it('the rate goes up and down in steps, and stays within them', () => {
  expect(nextRate(1, -1)).toBe(0.5);
  expect(nextRate(1, 1)).toBe(1.5);
  expect(nextRate(0.1, -1)).toBe(0.1);
  expect(nextRate(2, 1)).toBe(2);
});
