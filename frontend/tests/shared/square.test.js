import { describe, expect, it } from 'vitest';
import { fitted, largest, moved, resized, smallest, stretched } from '../../src/shared/square.js';

const WIDE = { width: 640, height: 480 };
const TALL = { width: 300, height: 900 };
const TINY = { width: 20, height: 24 };
const START = { x: 110, y: 20, size: 420 };
const FAR = [-5000, -333, -1, 0, 1, 77, 5000];

/** @type {import('../../src/shared/square.js').Corner[]} */
const CORNERS = ['nw', 'ne', 'sw', 'se'];

/**
 * @param {import('../../src/api/screenings.js').Square} square
 * @param {import('../../src/shared/square.js').Picture} picture
 */
function expectInside({ x, y, size }, picture) {
  expect([x, y, size].every(Number.isInteger)).toBe(true);
  expect(x).toBeGreaterThanOrEqual(0);
  expect(y).toBeGreaterThanOrEqual(0);
  expect(x + size).toBeLessThanOrEqual(picture.width);
  expect(y + size).toBeLessThanOrEqual(picture.height);
  expect(size).toBeGreaterThan(0);
}

describe('the square', () => {
  it.each([WIDE, TALL, TINY])('stays inside whatever is done to it (%o)', (picture) => {
    const start = fitted(START, picture);
    for (const dx of FAR) {
      for (const dy of FAR) {
        expectInside(moved(start, dx, dy, picture), picture);
        expectInside(resized(start, dx, picture), picture);
        for (const corner of CORNERS) {
          expectInside(stretched(start, corner, dx, dy, picture), picture);
        }
      }
    }
  });

  it('keeps its size when moved against an edge', () => {
    expect(moved(START, 5000, -5000, WIDE)).toEqual({ x: 220, y: 0, size: 420 });
  });

  it('grows around its centre', () => {
    expect(resized({ x: 100, y: 100, size: 100 }, 20, WIDE)).toEqual({ x: 90, y: 90, size: 120 });
  });

  it('never shrinks below what is worth screening, nor grows beyond the picture', () => {
    expect(resized(START, -5000, WIDE).size).toBe(smallest(WIDE));
    expect(resized(START, 5000, WIDE).size).toBe(largest(WIDE));
  });

  it.each(
    /** @type {const} */ ([
      ['nw', 530, 440],
      ['ne', 110, 440],
      ['sw', 530, 20],
      ['se', 110, 20],
    ]),
  )('keeps the corner opposite to %s where it is', (corner, x, y) => {
    const next = stretched(START, corner, -40, -40, WIDE);
    expect(corner.includes('w') ? next.x + next.size : next.x).toBe(x);
    expect(corner.includes('n') ? next.y + next.size : next.y).toBe(y);
  });
});
