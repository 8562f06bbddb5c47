import { describe, expect, it } from 'vitest';
import { timeLeftEstimator } from '../../src/screen/timeLeftEstimator.js';

describe('the meter', () => {
  it('tells nothing before it has seen enough, then follows the speed', () => {
    let now = 0;
    const left = timeLeftEstimator(() => now);
    now = 100;
    expect(left(1000, 100_000)).toBeNull();
    now = 1000;
    expect(left(10_000, 100_000)).toBeCloseTo(9, 0);
  });
});
