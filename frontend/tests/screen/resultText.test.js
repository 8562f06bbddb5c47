import { describe, expect, it } from 'vitest';
import { resultText } from '../../src/screen/resultText.js';
import { makeResult } from '../make.js';

describe('an answer as text', () => {
  it('carries class, all three numbers, agreement, square, model and disclaimer', () => {
    const text = resultText('clip.mp4', makeResult(), 'convex');
    for (const part of [
      'clip.mp4',
      'COVID-19 85%',
      'Pneumonia 10%',
      'Healthy 5%',
      '5 of 5 models agree',
      '420 × 420',
      'pocovidnet-1',
      'Research use only',
    ]) {
      expect(text).toContain(part);
    }
  });
});
