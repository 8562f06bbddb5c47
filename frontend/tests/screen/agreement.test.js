import { describe, expect, it } from 'vitest';
import { agreement, closeCallNote, majorityNote } from '../../src/screen/agreement.js';
import { makeResult, shares } from '../make.js';

describe('agreement', () => {
  it('says that all agree, and how far apart they are', () => {
    const models = [0.81, 0.93, 0.88, 0.85, 0.9].map((p) => shares(p, 0.05));
    expect(agreement(makeResult({ models }))).toBe(
      '5 of 5 models agree. Their probabilities for COVID-19 range from 81% to 93%.',
    );
  });

  it('gives one number when there is no spread', () => {
    expect(agreement(makeResult())).toBe('5 of 5 models agree. Each gives COVID-19 85%.');
  });

  it('names who says what when they do not agree', () => {
    const models = [
      shares(0.7, 0.2),
      shares(0.3, 0.6),
      shares(0.8, 0.1),
      shares(0.2, 0.7),
      shares(0.9, 0.05),
    ];
    expect(agreement(makeResult({ models }))).toBe(
      '3 of 5 models say COVID-19; models 2 and 4 say Pneumonia. ' +
        'Their probabilities for COVID-19 range from 20% to 90%.',
    );
  });

  it('names both other classes when each has a model', () => {
    const models = [
      shares(0.8, 0.1),
      shares(0.8, 0.1),
      shares(0.8, 0.1),
      shares(0.2, 0.7),
      shares(0.1, 0.2),
    ];
    expect(agreement(makeResult({ models }))).toContain(
      'model 4 says Pneumonia and model 5 says Healthy.',
    );
  });

  it('stays a sentence when only one model carries the answer', () => {
    const models = [
      shares(0.98, 0.01),
      shares(0.3, 0.36),
      shares(0.3, 0.36),
      shares(0.3, 0.34),
      shares(0.3, 0.34),
    ];
    expect(agreement(makeResult({ models }))).toMatch(
      /^1 of 5 models says COVID-19; models 2 and 3 say Pneumonia and models 4 and 5 say Healthy\./,
    );
  });
});

describe('majority', () => {
  it('says nothing when frames and mean agree', () => {
    expect(majorityNote(makeResult())).toBeNull();
  });

  it('tells when most frames name another class', () => {
    const frames = [shares(0.95, 0.03), shares(0.4, 0.5), shares(0.4, 0.5)];
    expect(majorityNote(makeResult({ frames }))).toBe(
      'Counted frame by frame, Pneumonia leads with 2 of 3 frames; ' +
        'the mean over all frames says COVID-19.',
    );
  });
});

describe('closeCall', () => {
  it('names the runner-up that comes close', () => {
    expect(closeCallNote(makeResult({ models: [shares(0.46, 0.44)] }))).toBe(
      'A close call: COVID-19 46%, Pneumonia 44%.',
    );
  });

  it('says nothing when the answer stands out', () => {
    expect(closeCallNote(makeResult())).toBeNull();
  });
});
