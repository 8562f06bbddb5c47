import { describe, expect, it } from 'vitest';
import { advanced, frameAt, lengthOf, rateBeside } from '../../src/review/playing.js';

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
  expect(lengthOf([0, 0.5, 1])).toBe(1.5);
  expect(lengthOf([0])).toBe(0);
  expect(lengthOf([])).toBe(0);
});

describe('playing on', () => {
  const part = { from: 1, to: 3, loop: true };

  it.each([
    [1, 0.5, 1.5, false],
    [2.5, 1, 1.5, false],
    [0, 0.25, 1.25, false], // what is before the part is not played
  ])('from %s by %s s comes to %s', (moment, elapsed, expected, ended) => {
    expect(advanced(moment, elapsed, part)).toEqual({ moment: expected, ended });
  });

  it('ends at the end without a loop', () => {
    expect(advanced(2.5, 1, { ...part, loop: false })).toEqual({ moment: 3, ended: true });
  });

  it('ends at once where there is nothing to play', () => {
    expect(advanced(0, 1, { from: 0, to: 0, loop: true })).toEqual({ moment: 0, ended: true });
  });
});

it('the rate goes up and down in steps, and stays within them', () => {
  expect(rateBeside(1, -1)).toBe(0.5);
  expect(rateBeside(1, 1)).toBe(1.5);
  expect(rateBeside(0.1, -1)).toBe(0.1);
  expect(rateBeside(2, 1)).toBe(2);
});
