import { act, cleanup, render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/reviews.js';
import { loadFrames } from '../../src/review/frames.js';
import Review from '../../src/review/Review.jsx';
import { Help } from '../../src/app/Help.jsx';
import { Problem } from '../../src/api/problem.js';
import { overlay, setOverlay } from '../../src/shared/overlay.js';
import { helpOpen, onKey } from '../../src/shared/shortcuts.js';
import { makeSignedResult, shares } from '../make.js';
import { makeCine, makeContribution, makeVerdict } from './make.js';

vi.mock('../../src/api/reviews.js');
vi.mock('../../src/review/frames.js');

const MINUTE = 60_000;

/** @type {ReturnType<typeof userEvent.setup>} */
let person;

beforeAll(() => window.addEventListener('keydown', onKey));
afterAll(() => window.removeEventListener('keydown', onKey));
afterEach(() => void vi.useRealTimers());

beforeEach(() => {
  person = userEvent.setup();
  vi.mocked(api.queue).mockResolvedValue({ items: [makeContribution()], next: null, total: 1 });
  vi.mocked(api.next).mockImplementation(async () => makeContribution());
  vi.mocked(api.claim).mockImplementation(async () => makeContribution());
  vi.mocked(api.cine).mockResolvedValue(makeCine());
  vi.mocked(api.contactSheetUrl).mockReturnValue('/sheet.jpg');
  vi.mocked(api.review).mockResolvedValue(makeVerdict('waiting_for_second', shares(0.7, 0.2)));
  vi.mocked(loadFrames).mockImplementation(async (urls, { onFrame }) => {
    onFrame(
      urls.map(() => new Image()),
      urls.length,
    );
  });
});

const show = (query = '') =>
  render(
    <main>
      <Review id="" query={new URLSearchParams(query)} />
      <Help />
    </main>,
  );

async function read() {
  const shown = show();
  await screen.findByRole('list', { name: 'Queue' });
  await person.keyboard('n');
  await screen.findByRole('slider', { name: 'Frame' });
  return shown;
}

const taken = () =>
  new Problem({ code: 'claimed', detail: 'Another reviewer reads this one now.', status: 409 });

describe('the claim', () => {
  it('is shown while it lasts', async () => {
    await read();
    expect(screen.getByText(/Claimed by you for 15 minutes/)).toBeTruthy();
  });

  it('is renewed by work, once a part of it has passed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await read();
    await person.keyboard('1');
    expect(api.claim).not.toHaveBeenCalled();
    vi.setSystemTime(Date.now() + 5 * MINUTE);
    await person.keyboard('1');
    await waitFor(() => expect(api.claim).toHaveBeenCalledWith('con-1'));
  });

  it('warns before it runs out, and says so when it has', async () => {
    vi.mocked(api.next).mockImplementation(async () =>
      makeContribution({ claimed_until: new Date(Date.now() + 90_000).toISOString() }),
    );
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    await read();
    expect(screen.getByText(/Claimed by you for 90 more seconds/)).toBeTruthy();
    await act(async () => void vi.advanceTimersByTime(2 * MINUTE));
    expect(screen.getByRole('alert').textContent).toContain('Your claim has expired');
    await person.click(screen.getByRole('button', { name: 'Claim it again' }));
    await screen.findByText(/Claimed by you for 15 minutes/);
  });

  it('when it is lost keeps what was typed, and says why', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await read();
    await person.keyboard('mBilateral');
    vi.mocked(api.claim).mockRejectedValue(taken());
    vi.setSystemTime(Date.now() + 5 * MINUTE);
    await person.keyboard('{Escape}');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('Another reviewer reads this one now.');
    expect(screen.getByLabelText(/^Comment/)).toHaveProperty('value', 'Bilateral');
  });

  it('that is lost at the verdict is told, with everything still there', async () => {
    vi.mocked(api.review).mockRejectedValue(taken());
    await read();
    await person.keyboard('2ta');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('Another reviewer reads this one now.');
    expect(screen.getByRole('radio', { name: /Pneumonia/ })).toHaveProperty('checked', true);
  });

  it('is given back on the way to the queue', async () => {
    await read();
    await person.click(screen.getByRole('button', { name: 'Back to the queue' }));
    await screen.findByRole('list', { name: 'Queue' });
    expect(api.release).toHaveBeenCalledWith('con-1');
  });
});

it('a reload goes on where the tab was, with the draft of the verdict', async () => {
  await read();
  await person.keyboard('{End}i2mHalf a sentence');
  cleanup();
  show();
  expect(await screen.findByLabelText(/^Comment/)).toHaveProperty('value', 'Half a sentence');
  expect(api.claim).toHaveBeenCalledWith('con-1');
  expect(screen.getByRole('radio', { name: /Pneumonia/ })).toHaveProperty('checked', true);
  expect(await screen.findByText('Kept: 0:00.9 to 0:01.0')).toBeTruthy();
});

it('a reload still offers to take the last verdict back', async () => {
  await read();
  await person.keyboard('mAs typed{Escape}ta');
  await screen.findByRole('heading', { name: 'Verdict recorded' });
  cleanup();
  show();
  await screen.findByRole('list', { name: 'Queue' });
  await person.keyboard('z');
  expect(await screen.findByLabelText(/^Comment/)).toHaveProperty('value', 'As typed');
  expect(api.undo).toHaveBeenCalledWith('rev-1');
});

it('a reload after another reviewer has taken it comes to the queue and says so', async () => {
  await read();
  cleanup();
  vi.mocked(api.claim).mockRejectedValue(taken());
  show();
  expect((await screen.findByRole('alert')).textContent).toContain('Another reviewer');
  expect(await screen.findByRole('list', { name: 'Queue' })).toBeTruthy();
});

describe('an approval', () => {
  it('takes the tick on the contact sheet', async () => {
    await read();
    await person.keyboard('a');
    expect(api.review).not.toHaveBeenCalled();
    expect(screen.getByRole('alert').textContent).toContain('tick this box before you approve');
    expect(document.activeElement?.id).toBe('unmarked');
    await person.keyboard(' a');
    await screen.findByRole('heading', { name: 'Verdict recorded' });
  });

  it('takes a label', async () => {
    vi.mocked(api.next).mockImplementation(async () => makeContribution({ label: null }));
    await read();
    await person.keyboard('ta');
    expect(screen.getByRole('alert').textContent).toContain('Choose a label');
    expect(api.review).not.toHaveBeenCalled();
  });
});

it('a rejection for another reason takes words', async () => {
  await read();
  await person.keyboard('r8');
  expect(api.review).not.toHaveBeenCalled();
  expect(document.activeElement?.id).toBe('md-comment');
});

it("the model's own answer is seen after the verdict, and not before", async () => {
  await read();
  expect(screen.queryByText(/The model says/)).toBeNull();
  await person.keyboard('ta');
  await screen.findByRole('heading', { name: 'The model says COVID-19, as you do' });
  expect(screen.getByText('70%')).toBeTruthy();
});

describe('the signs that the model sees', () => {
  afterEach(() => {
    helpOpen.value = false;
    setOverlay({ on: false });
  });

  const overlaid = () => document.querySelector('.cine-over canvas');

  beforeEach(() => {
    setOverlay({ on: true, chosen: ['b_lines'], opacity: 0.7 });
    const verdict = makeVerdict('approved');
    vi.mocked(api.review).mockResolvedValue({ ...verdict, model_answer: makeSignedResult() });
    vi.mocked(api.signMaps).mockReturnValue(new Promise(() => {}));
  });

  it('lie over the square after the verdict; before it they are not even asked for', async () => {
    await read();
    expect(screen.queryByRole('button', { name: 'Show signs' })).toBeNull();
    expect(overlaid()).toBeNull();
    await person.keyboard('o');
    expect(api.signMaps).not.toHaveBeenCalled();
    await person.keyboard('ta');
    await screen.findByRole('button', { name: 'Show signs' });
    const over = /** @type {HTMLElement} */ (overlaid()?.parentElement);
    expect([over.style.left, over.style.width]).toEqual(['17.1875%', '65.625%']);
    expect(api.signMaps).toHaveBeenCalledWith('con-1', 0);
  });

  it('are those of the frame that is nearest in time', async () => {
    await read();
    await person.keyboard('ta');
    await screen.findByRole('button', { name: 'Show signs' });
    const { frames } = makeSignedResult();
    await person.keyboard('{End}');
    const last = frames.reduce((a, b) =>
      Math.abs(b.time_s - 0.9) < Math.abs(a.time_s - 0.9) ? b : a,
    );
    expect(last.index).toBeGreaterThan(0);
    await waitFor(() => expect(api.signMaps).toHaveBeenLastCalledWith('con-1', last.index));
  });

  it('are switched and stepped through by keys, which trim nothing any more', async () => {
    await read();
    await person.keyboard('ta');
    await screen.findByRole('button', { name: 'Show signs' });
    await person.keyboard(']');
    expect(overlay.value.chosen).toEqual(['consolidation']);
    await person.keyboard('o');
    expect(overlay.value.on).toBe(false);
    expect(overlaid()).toBeNull();
    await person.keyboard('?');
    const help = await screen.findByRole('dialog');
    expect(within(help).getByText('The next sign alone')).toBeTruthy();
    expect(within(help).queryByText('Keep up to this frame')).toBeNull();
  });

  it('are hidden when the verdict is taken back', async () => {
    await read();
    await person.keyboard('ta');
    await screen.findByRole('button', { name: 'Show signs' });
    await person.keyboard('z');
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Show signs' })).toBeNull());
  });
});

it('a rejection is not called agreement with the model', async () => {
  await read();
  await person.keyboard('tr1');
  await screen.findByRole('heading', {
    name: 'The model says COVID-19; you rejected the recording',
  });
});

it('a corrected label says what the contributor said', async () => {
  await read();
  await person.keyboard('3');
  expect(screen.getByText('Corrected: the contributor said COVID-19.')).toBeTruthy();
});

it('what was said before is read with it', async () => {
  vi.mocked(api.next).mockImplementation(async () =>
    makeContribution({
      earlier_rounds: [{ verdict: 'request_changes', reason: null, comment: 'Probe?', at: '' }],
      answer_to_reviewer: 'Convex, as written.',
      reports: [{ label: 'healthy', message: 'A-lines only', at: '' }],
      standing_label: 'covid19',
      trouble: 'No frame is shown between 50 and 60 s.',
    }),
  );
  await read();
  const before = screen.getByRole('list', { name: 'History' });
  expect([...before.children].map(({ textContent }) => textContent)).toEqual([
    'In the dataset as COVID-19, until you decide.',
    'A reviewer asked for changes: Probe?',
    'The contributor’s answer: Convex, as written.',
    'Reported as Healthy: A-lines only',
    'De-identification failed: No frame is shown between 50 and 60 s.',
  ]);
});

it('how deep the field is, and what is unusual in the file, is read with it', async () => {
  const note = 'The header does not say when its frames were taken.';
  vi.mocked(api.next).mockImplementation(async () =>
    makeContribution({ depth_mm: 96, notes: [note] }),
  );
  await read();
  expect(screen.getByText('9.6 cm deep')).toBeTruthy();
  const notes = screen.getByRole('list', { name: 'Notes on the file' });
  expect(notes.textContent).toBe(note);
});

it('frames that are still being made are waited for', async () => {
  vi.mocked(api.cine).mockResolvedValueOnce({ ...makeCine(), times_s: [], state: 'preparing' });
  show();
  await screen.findByRole('list', { name: 'Queue' });
  await person.keyboard('n');
  await screen.findByText('The frames are being prepared');
  await screen.findByRole('slider', { name: 'Frame' }, { timeout: 10_000 });
});

it('every key is in the help', async () => {
  await read();
  await person.keyboard('?');
  const help = within(await screen.findByRole('dialog'));
  for (const words of ['Approve', 'Keep from this frame on', 'Brighter (the view only)']) {
    expect(help.getByText(words)).toBeTruthy();
  }
});

it('nothing stands in the way of assistive technology', async () => {
  const { container } = await read();
  const options = { rules: { 'color-contrast': { enabled: false } } }; // there are no styles here
  const reading = await axe.run(container, options);
  expect(reading.violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
  await person.keyboard('r');
  const rejecting = await axe.run(container, options);
  expect(rejecting.violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});

it('agreement and throughput are in numbers and words', async () => {
  vi.mocked(api.stats).mockResolvedValue({
    kappa: 0.71,
    pairs: 24,
    agreement: 0.875,
    per_reviewer: [{ name: 'Ada Lund', reviews: 31, per_hour: 22.4, median_seconds: 64 }],
    per_day: [{ day: '2026-03-01', reviews: 31, reviewers: [] }],
  });
  show('view=agreement');
  expect(await screen.findByText('0.71')).toBeTruthy();
  expect(screen.getByText('substantial agreement')).toBeTruthy();
  expect(screen.getByText('of 24 recordings with two readings')).toBeTruthy();
  expect(screen.getByRole('row', { name: 'Ada Lund 31 22 1 min 4 s' })).toBeTruthy();
});
