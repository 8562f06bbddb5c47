import { describe, expect, it } from 'vitest';
import {
  duration,
  joinList,
  timecode,
  percent,
  plural,
  fileSize,
  timeLeft,
} from '../../src/shared/format.js';

describe('percent', () => {
  it.each([
    [0, '<1%'],
    [0.004, '<1%'],
    [0.006, '1%'],
    [0.5, '50%'],
    [0.994, '99%'],
    [0.996, '>99%'],
    [1, '>99%'],
  ])('says %d as %s, and never claims certainty', (probability, words) => {
    expect(percent(probability)).toBe(words);
  });
});

describe('timeLeft', () => {
  it.each([
    [null, ''],
    [undefined, ''],
    [Infinity, ''],
    [0.4, 'almost done'],
    [12.4, 'about 12 seconds left'],
    [33, 'about 35 seconds left'],
    [58, 'about a minute left'],
    [150, 'about 3 minutes left'],
    [7200, 'more than an hour left'],
  ])('says %s as "%s"', (seconds, words) => {
    expect(timeLeft(seconds)).toBe(words);
  });
});

describe('moment', () => {
  it.each([
    [0, '0:00.0'],
    [1.333, '0:01.3'],
    [59.97, '1:00.0'],
    [83.25, '1:23.3'],
  ])('writes %d seconds as %s', (seconds, words) => {
    expect(timecode(seconds)).toBe(words);
  });
});

it.each([
  [0, '0 bytes'],
  [50_400, '50 kB'],
  [3_240_000, '3.2 MB'],
  [200_000_000, '200 MB'],
])('%d bytes are %s', (bytes, words) => {
  expect(fileSize(bytes)).toBe(words);
});

it.each([
  [9.3, '9.3 s'],
  [4, '4 s'],
  [59.999, '60 s'],
  [90, '1 min 30 s'],
  [600, '10 min'],
])('%d seconds last %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

it('counts one thing and many', () => {
  expect(plural(1, 'frame')).toBe('1 frame');
  expect(plural(28, 'frame')).toBe('28 frames');
});

it('lists with an "and" before the last', () => {
  expect(joinList([2])).toBe('2');
  expect(joinList([2, 4])).toBe('2 and 4');
  expect(joinList([1, 2, 4])).toBe('1, 2 and 4');
});
