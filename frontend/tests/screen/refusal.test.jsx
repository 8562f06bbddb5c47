import { fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/screenings.js';
import { Problem } from '../../src/api/problem.js';
import { find, insertItems } from '../../src/screen/items.js';
import { ResultView } from '../../src/screen/ResultView.jsx';
import { resultText } from '../../src/screen/resultText.js';
import { majorityNote } from '../../src/screen/agreement.js';
import { reliabilityNote } from '../../src/screen/reliability.js';
import { user } from '../../src/shared/session.js';
import {
  makeReadyItem,
  makeRefusedResult,
  makeResult,
  makeScreening,
  makeSignedResult,
  makeUser,
  shares,
} from '../make.js';

vi.mock('../../src/api/screenings.js');

/** @param {string} code @param {'convex' | 'linear'} [probe] */
function showRefused(code, probe = 'convex') {
  const screening = makeScreening({ status: 'done', probe, result: makeRefusedResult(code) });
  const item = makeReadyItem({ stage: 'done', screening });
  insertItems([item]);
  render(<ResultView item={item} />);
  return item;
}

/** @param {string} name */
const button = (name) => screen.queryByRole('button', { name });

const anyway = () => ({
  ...makeSignedResult(),
  usable: false,
  reasons: makeRefusedResult('not_lung').reasons,
  answered_anyway: { at: '2026-01-05T10:05:00Z' },
});

beforeEach(() => void vi.mocked(api.screen).mockResolvedValue(makeScreening()));
afterEach(() => void (user.value = undefined));

describe('a recording that is no lung', () => {
  it('shows no class and no probability anywhere', () => {
    showRefused('not_lung');
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe(
      'This does not look like lung ultrasound',
    );
    expect(document.body.textContent).not.toMatch(/COVID-19|Pneumonia|Healthy|%/);
  });

  it('can be answered anyway by nobody who is not signed in', () => {
    user.value = null;
    showRefused('not_lung');
    expect(button('Answer anyway')).toBeNull();
    expect(screen.getByRole('link', { name: 'sign in' }).getAttribute('href')).toBe(
      '#/sign-in?back=%2Fscreenings%2Fscr-1',
    );
  });

  it('is answered anyway after a second question', async () => {
    user.value = makeUser();
    const answered = makeScreening({ status: 'done', result: anyway() });
    vi.mocked(api.answerAnyway).mockResolvedValue(answered);
    const { key } = showRefused('not_lung');
    fireEvent.click(button('Answer anyway') ?? expect.unreachable());
    expect(api.answerAnyway).not.toHaveBeenCalled();
    fireEvent.click(button('Answer anyway') ?? expect.unreachable());
    await waitFor(() => expect(find(key)?.screening).toBe(answered));
    expect(api.answerAnyway).toHaveBeenCalledExactlyOnceWith('scr-1');
  });

  it('says what to do about colour', () => {
    showRefused('coloured');
    expect(screen.getByRole('heading', { level: 2 }).textContent).toBe('This is in colour');
    expect(screen.getByText(/without colour Doppler/)).toBeTruthy();
    expect(button('Adjust the square')).toBeTruthy();
  });

  it('says so when the service does not answer anyway', async () => {
    user.value = makeUser();
    vi.mocked(api.answerAnyway).mockRejectedValue(
      new Problem({ code: 'conflict', detail: 'It has an answer already.', status: 409 }),
    );
    showRefused('not_lung');
    fireEvent.click(button('Answer anyway') ?? expect.unreachable());
    fireEvent.click(button('Answer anyway') ?? expect.unreachable());
    expect((await screen.findByRole('alert')).textContent).toContain('It has an answer already.');
  });
});

describe('another probe', () => {
  it('is screened for as the one that it looks like', async () => {
    const { key } = showRefused('linear_probe');
    fireEvent.click(
      button('Screen as linear probe (answered by signs alone)') ?? expect.unreachable(),
    );
    await waitFor(() => expect(find(key)?.stage).toBe('screening'));
    expect(vi.mocked(api.screen).mock.lastCall?.[2]).toBe('linear');
  });

  it('is not offered where it was asked for already', () => {
    showRefused('linear_probe', 'linear');
    expect(button('Screen as linear probe (answered by signs alone)')).toBeNull();
  });
});

describe('the text of a result', () => {
  it('of a refusal has no class', () => {
    const text = resultText('clip.mp4', makeRefusedResult(), 'convex');
    expect(text).toContain('Not answered.\nThis does not look like lung ultrasound.');
    expect(text).not.toMatch(/COVID-19|%/);
  });

  it('carries the mark of an answer anyway, before the class', () => {
    const text = resultText('clip.mp4', anyway(), 'convex');
    const mark = text.indexOf('ANSWERED ALTHOUGH IT DOES NOT LOOK LIKE LUNG ULTRASOUND.');
    expect(mark).toBeGreaterThan(0);
    expect(mark).toBeLessThan(text.indexOf('COVID-19'));
    expect(text).toContain('How often such an answer is right is not known.');
  });

  it('carries signs, their numbers and how often such answers are right', () => {
    const text = resultText('clip.mp4', makeSignedResult(), 'convex');
    expect(text).toContain('Signs: B-lines and an irregular pleura');
    expect(text).toContain('Consolidation 12%');
    expect(text).toContain('78 were right');
    expect(text).toContain('Answered by POCOVID-Net and the signs together.');
  });
});

describe('frames that were left out', () => {
  const result = makeResult({ frames: [shares(0.9, 0.05), shares(0.1, 0.85), shares(0.1, 0.85)] });
  result.frames[1].usable = false;
  result.majority_vote = 'pneumonia';

  it('are not counted', () => {
    expect(majorityNote(result)).toContain('Pneumonia leads with 1 of 2 frames');
  });

  it('are marked, and have no share in the answer', () => {
    const screening = makeScreening({ status: 'done', result });
    render(<ResultView item={makeReadyItem({ stage: 'done', screening })} />);
    expect(screen.getByRole('option', { name: 'Frame 2 of 3, 0:00.3: left out' })).toBeTruthy();
  });
});

describe('a frozen clip', () => {
  it('has its answer, and is said to be one', () => {
    const message = 'All 9 frames show the same picture.';
    const result = {
      ...makeSignedResult(),
      reasons: [{ code: /** @type {const} */ ('frozen'), message }],
    };
    const screening = makeScreening({ status: 'done', result });
    render(<ResultView item={makeReadyItem({ stage: 'done', screening })} />);
    expect(screen.getByText(new RegExp(message))).toBeTruthy();
  });
});

describe('how often such answers are right', () => {
  it.each([
    [{ right: 39, answers: 50 }, /^Of 100 such answers .* hospitals .*, 78 were right\.$/],
    [{ right: 12, answers: 12 }, /^All 12 such answers .* were right\.$/],
    [{ right: 0, answers: 0 }, /^$/],
  ])('from %o', (counts, sentence) => {
    const reliability = { ...counts, low: 0.7, high: 0.9, group: /** @type {const} */ ('source') };
    expect(reliabilityNote({ ...makeSignedResult(), reliability })).toMatch(sentence);
  });
});
