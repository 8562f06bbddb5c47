import { describe, expect, it } from 'vitest';
import { enlarge, heat, splitMaps, tint } from '../../src/shared/signMaps.js';

const SIDE = 14;

/** A grey picture of maps below each other: the first filled with 1, the second with 2, and so on. @param {number} maps */
function picture(maps) {
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE * maps);
  for (let n = 0; n < pixels.length; n += 1) pixels[n] = Math.floor(n / (4 * SIDE * SIDE)) + 1;
  return pixels;
}

describe('the maps of a frame', () => {
  it('lie below each other: signs, then classes', () => {
    const maps = splitMaps(picture(10), ['covid19', 'pneumonia', 'healthy']);
    expect(Object.keys(maps)).toHaveLength(10);
    expect(maps.pleura[0]).toBe(1);
    expect(maps.b_lines).toHaveLength(SIDE * SIDE);
    expect([maps.b_lines[195], maps.shadow[0], maps.healthy[195]]).toEqual([3, 7, 10]);
  });

  it('of a model without Grad-CAM are those of the signs', () => {
    const maps = splitMaps(picture(7), ['covid19', 'pneumonia', 'healthy']);
    expect(maps.covid19).toBeUndefined();
    expect(maps.shadow[0]).toBe(7);
  });
});

describe('a map that is enlarged', () => {
  it('has each value in the middle of its place, and stays between 0 and 1', () => {
    const map = new Uint8ClampedArray(SIDE * SIDE);
    map[3 * SIDE + 5] = 255;
    const field = enlarge(map, 5 * SIDE);
    expect(field[(3 * 5 + 2) * 5 * SIDE + 5 * 5 + 2]).toBeCloseTo(1);
    expect(field[(3 * 5 + 2) * 5 * SIDE + 6 * 5 + 2]).toBeCloseTo(0);
    expect(Math.min(...field)).toBe(0);
    expect(Math.max(...field)).toBeLessThanOrEqual(1);
  });

  it('is even where the map is', () => {
    const field = enlarge(new Uint8ClampedArray(SIDE * SIDE).fill(51), 50);
    expect(Math.min(...field)).toBeCloseTo(0.2);
    expect(Math.max(...field)).toBeCloseTo(0.2);
  });
});

describe('what is drawn', () => {
  it('leaves the picture alone where nothing is seen, and grows with what is', () => {
    const pixels = new Uint8ClampedArray(4 * 4);
    tint(pixels, [0.05, 0.2, 0.4, 0.4], [10, 20, 30], 1);
    expect(pixels[3]).toBe(0);
    expect([...pixels.slice(8, 11)]).toEqual([10, 20, 30]);
    expect(pixels[11]).toBeGreaterThan(pixels[7]);
  });

  it('has a line where a sign is as likely as not', () => {
    const field = new Float32Array(9).fill(0.45);
    field[4] = 0.55;
    const pixels = new Uint8ClampedArray(4 * 9);
    tint(pixels, field, [10, 20, 30], 0.2);
    expect(pixels[4 * 4 + 3]).toBeGreaterThan(2 * pixels[4 * 3 + 3]);
  });

  it('shows both of two signs at one place', () => {
    const pixels = new Uint8ClampedArray(4);
    tint(pixels, [0.4], [200, 0, 0], 1);
    tint(pixels, [0.4], [0, 0, 200], 1);
    expect(pixels[0]).toBeGreaterThan(0);
    expect(pixels[2]).toBeGreaterThan(pixels[0]);
  });

  it('of Grad-CAM is dark where there is little and light where there is much', () => {
    const pixels = new Uint8ClampedArray(8);
    heat(pixels, [0.2, 1], 1);
    expect(pixels[4]).toBeGreaterThan(pixels[0]);
    expect(pixels[5]).toBeGreaterThan(pixels[1]);
  });
});
