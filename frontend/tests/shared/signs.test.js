import { describe, expect, it } from 'vitest';
import { inPieces, seen } from '../../src/shared/signs.js';

/** @param {string} sentence */
const named = (sentence) =>
  inPieces(sentence).flatMap(({ text, sign }) => (sign ? [[text, sign]] : []));

describe('a sentence on signs', () => {
  it('is taken apart at the words that name one', () => {
    expect(named('B-lines and an irregular pleura; no consolidation; no effusion.')).toEqual([
      ['B-lines', 'b_lines'],
      ['irregular pleura', 'pleural_irregularity'],
      ['consolidation', 'consolidation'],
      ['effusion', 'effusion'],
    ]);
    expect(named('Perhaps A-lines; air bronchograms in 3 of 9 frames; pleura regular.')).toEqual([
      ['A-lines', 'a_lines'],
      ['air bronchograms', 'air_bronchogram'],
      ['pleura regular', 'pleural_irregularity'],
    ]);
  });

  it.each(['No B-lines.', 'B-lines', 'Nothing is seen.', ''])('loses nothing: "%s"', (sentence) => {
    expect(
      inPieces(sentence)
        .map(({ text, after }) => text + after)
        .join(''),
    ).toBe(sentence);
  });
});

describe('a finding in words', () => {
  it.each([
    [0.6, 0.7, 5, 'Seen'],
    [0.5, 0.7, 5, 'Perhaps'],
    [0.2, 0.9, 2, 'In some frames'],
    [0.2, 0.9, 1, 'Not seen'],
    [0.2, 0.7, 3, 'Not seen'],
  ])('of %f, at most %f, in %i frames', (probability, highest, frames, word) => {
    expect(seen({ probability, highest, frames })).toBe(word);
  });
});
