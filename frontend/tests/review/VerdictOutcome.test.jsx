import { render, screen } from '@testing-library/preact';
import { describe, expect, it } from 'vitest';
import { VerdictOutcome } from '../../src/review/VerdictOutcome.jsx';
import { makeRefusedResult, makeSignedResult } from '../make.js';

/** @param {import('../../src/api/screenings.js').Result | null} modelAnswer */
function show(modelAnswer) {
  /** @type {import('../../src/review/drafts.js').Given} */
  const given = {
    id: 'review-1',
    verdict: 'approve',
    contributionId: 'con-1',
    outcome: 'approved',
    modelAnswer,
    draft: {
      label: 'covid19',
      findings: {},
      square: { x: 0, y: 0, size: 100 },
      trimStart: null,
      trimEnd: null,
      unmarked: true,
      text: {},
      comment: '',
    },
  };
  render(<VerdictOutcome given={given} problem={null} onNext={() => {}} onUndo={() => {}} />);
}

describe('what the model says, after the verdict', () => {
  it('has its signs', () => {
    show(makeSignedResult());
    expect(screen.getByText('The model says COVID-19, as you do')).toBeTruthy();
    expect(screen.getByRole('row', { name: /^B-lines Seen 91%/ })).toBeTruthy();
  });

  it('of a recording that is no lung is the reason, and no class', () => {
    show(makeRefusedResult('not_lung'));
    expect(screen.getByText('The model does not answer')).toBeTruthy();
    expect(screen.getByText('This does not look like lung ultrasound.')).toBeTruthy();
    expect(screen.queryByRole('list', { name: 'Probability of each class' })).toBeNull();
  });
});
