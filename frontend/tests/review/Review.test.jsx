import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/reviews.js';
import { loadFrames } from '../../src/review/frames.js';
import Review from '../../src/review/Review.jsx';
import { Problem } from '../../src/api/problem.js';
import { onKey, setEnabled } from '../../src/shared/shortcuts.js';
import { makeCine, makeContribution, makeVerdict } from './make.js';

vi.mock('../../src/api/reviews.js');
vi.mock('../../src/review/frames.js');

const first = makeContribution();
const second = makeContribution({ id: 'con-2', label: 'healthy' });

/** @type {ReturnType<typeof userEvent.setup>} */
let person;

beforeAll(() => window.addEventListener('keydown', onKey));
afterAll(() => window.removeEventListener('keydown', onKey));

beforeEach(() => {
  setEnabled(true);
  person = userEvent.setup();
  vi.mocked(api.queue).mockResolvedValue({ items: [first, second], next: null, total: 2 });
  vi.mocked(api.next).mockResolvedValueOnce(first).mockResolvedValueOnce(second);
  vi.mocked(api.claim).mockResolvedValue(first);
  vi.mocked(api.cine).mockResolvedValue(makeCine());
  vi.mocked(api.contactSheetUrl).mockReturnValue('/sheet.jpg');
  vi.mocked(api.review).mockResolvedValue(makeVerdict('approved'));
  vi.mocked(loadFrames).mockImplementation(async (urls, { onFrame }) => {
    onFrame(
      urls.map(() => new Image()),
      urls.length,
    );
  });
});

/** @param {string} [query] */
const show = (query = '') =>
  render(
    <main>
      <Review id="" query={new URLSearchParams(query)} />
    </main>,
  );

/** Show the page with the first recording of the queue on it. */
async function read() {
  show();
  await screen.findByRole('list', { name: 'Queue' });
  await person.keyboard('n');
  await screen.findByRole('group', { name: 'Verdict' });
  await screen.findByRole('slider', { name: 'Frame' });
  await person.keyboard(' '); // it plays by itself; from here on it stands still
}

const sent = () => vi.mocked(api.review).mock.lastCall?.[1];
const playhead = () => screen.getByRole('slider', { name: 'Frame' }).getAttribute('aria-valuetext');

describe('the queue', () => {
  it('tells how many there are, what each is, and how old its request is', async () => {
    show();
    const list = await screen.findByRole('list', { name: 'Queue' });
    expect(screen.getByText('2 recordings in the queue')).toBeTruthy();
    expect(within(list).getAllByText('3 hours ago')).toHaveLength(2);
    expect(within(list).getByText('COVID-19')).toBeTruthy();
  });

  it('is asked again with what it is filtered by', async () => {
    show();
    await screen.findByRole('list', { name: 'Queue' });
    await person.selectOptions(screen.getByLabelText('Label'), 'healthy');
    await person.click(screen.getByLabelText('Only where reviewers disagree'));
    await waitFor(() =>
      expect(api.queue).toHaveBeenLastCalledWith(
        expect.objectContaining({ label: 'healthy', disputed: true }),
      ),
    );
  });

  it('says what it means when it is empty, and what when only the filters are too narrow', async () => {
    vi.mocked(api.queue).mockResolvedValue({ items: [], next: null, total: 0 });
    show();
    await screen.findByRole('heading', { name: 'The queue is empty' });
    await person.selectOptions(screen.getByLabelText('Probe'), 'linear');
    await screen.findByRole('heading', { name: 'Nothing matches these filters' });
    await person.click(screen.getByRole('button', { name: 'Show all' }));
    await screen.findByRole('heading', { name: 'The queue is empty' });
  });

  it('tells which cannot be read now, and why', async () => {
    const preparing = makeContribution({ prepared: false, claimed_until: null });
    const taken = makeContribution({ id: 'con-2', claimed_by_me: false });
    vi.mocked(api.queue).mockResolvedValue({ items: [preparing, taken], next: null, total: 2 });
    show();
    await screen.findByText('Being prepared');
    expect(screen.getByText('Claimed by another reviewer')).toBeTruthy();
    expect(screen.getByText(/all are being prepared or claimed by others/)).toBeTruthy();
    expect(screen.getByRole('button', { name: /^Review the next/ })).toHaveProperty(
      'disabled',
      true,
    );
    vi.mocked(api.queue).mockResolvedValue({ items: [first], next: null, total: 1 });
    await waitFor(() => expect(screen.queryByText('Being prepared')).toBeNull(), {
      timeout: 10_000,
    });
  });

  it('opens the recording that is chosen', async () => {
    show();
    const list = await screen.findByRole('list', { name: 'Queue' });
    await person.click(within(list).getByRole('button', { name: /Healthy/ }));
    expect(api.claim).toHaveBeenCalledWith('con-2');
    await screen.findByRole('group', { name: 'Verdict' });
  });

  it('says why a recording cannot be opened', async () => {
    vi.mocked(api.claim).mockRejectedValue(held());
    show();
    const list = await screen.findByRole('list', { name: 'Queue' });
    await person.click(within(list).getByRole('button', { name: /Healthy/ }));
    expect((await screen.findByRole('alert')).textContent).toContain('Another reviewer');
  });
});

const held = () =>
  new Problem({ code: 'claimed', detail: 'Another reviewer reads this one.', status: 409 });

describe('by keyboard alone', () => {
  it('approves with label, findings, square, trim and comment', async () => {
    await read();
    await person.keyboard('{Home}{ArrowRight}{ArrowRight}i{End}{ArrowLeft}{ArrowLeft}o');
    await person.keyboard('q{ArrowLeft}-{Escape}');
    await person.keyboard('2f13{Escape}mClear B-lines{Escape}ta');
    await screen.findByRole('heading', { name: 'Approved' });
    expect(sent()).toEqual({
      verdict: 'approve',
      reason: null,
      label: 'pneumonia',
      findings: { b_lines: false, consolidation: true },
      square: { x: 110, y: 25, size: 410 },
      trim_start_s: 0.2,
      trim_end_s: 0.8,
      no_identifying_marks: true,
      text: [],
      comment: 'Clear B-lines',
    });
  });

  it('masks and keeps the text in the picture', async () => {
    const box = { x: 200, y: 40, width: 80, height: 16, decision: null, inside: true };
    const text_boxes = [
      { ...box, name_like: true, masked: true },
      { ...box, name_like: false, masked: false },
    ];
    vi.mocked(api.next).mockReset();
    vi.mocked(api.next).mockResolvedValue({ ...first, text_boxes });
    await read();
    const group = screen.getByRole('group', { name: 'Text 1' });
    await person.click(within(group).getByRole('button', { name: 'Mask' }));
    await person.keyboard('ta');
    await screen.findByRole('heading', { name: 'Approved' });
    expect(sent()).toMatchObject({ text: [{ box: 0, decision: 'mask' }] });
  });

  it('rejects with a number for the reason', async () => {
    vi.mocked(api.review).mockResolvedValue(makeVerdict('rejected'));
    await read();
    await person.keyboard('r');
    await waitFor(() => expect(document.activeElement?.textContent).toBe('Why is it rejected?'));
    await person.keyboard('3');
    await screen.findByRole('heading', { name: 'Rejected' });
    expect(sent()).toMatchObject({ verdict: 'reject', reason: 'poor_quality', square: null });
  });

  it('thinks better of rejecting', async () => {
    await read();
    await person.keyboard('r{Escape}3');
    expect(api.review).not.toHaveBeenCalled();
    expect(screen.getByRole('radio', { name: /Healthy/ })).toHaveProperty('checked', true);
  });

  it('asks for changes in words, and only in words', async () => {
    vi.mocked(api.review).mockResolvedValue(makeVerdict('changes_requested'));
    await read();
    await person.keyboard('c');
    expect(api.review).not.toHaveBeenCalled();
    expect(document.activeElement?.id).toBe('md-comment');
    await person.keyboard('Which probe?{Control>}{Enter}{/Control}');
    await screen.findByRole('heading', { name: 'Changes requested' });
    expect(sent()).toMatchObject({ verdict: 'request_changes', comment: 'Which probe?' });
  });

  it('goes from one to the next', async () => {
    await read();
    await person.keyboard('ta');
    await screen.findByRole('heading', { name: 'Approved' });
    await person.keyboard('n');
    await screen.findByRole('group', { name: 'Verdict' });
    expect(screen.getByRole('radio', { name: /Healthy/ })).toHaveProperty('checked', true);
    expect(screen.getByRole('checkbox', { name: /No identifying/ })).toHaveProperty(
      'checked',
      false,
    );
  });

  it('skips: gives it back and takes the next', async () => {
    await read();
    await person.keyboard('s');
    await waitFor(() => expect(api.next).toHaveBeenCalledTimes(2));
    expect(api.release).toHaveBeenCalledWith('con-1');
  });

  it('takes the verdict back, with everything as it was', async () => {
    await read();
    await person.keyboard('2mAs typed{Escape}ta');
    await screen.findByRole('heading', { name: 'Approved' });
    await person.keyboard('z');
    await screen.findByRole('group', { name: 'Verdict' });
    expect(api.undo).toHaveBeenCalledWith('rev-1');
    expect(screen.getByLabelText(/^Comment/)).toHaveProperty('value', 'As typed');
    expect(screen.getByRole('radio', { name: /Pneumonia/ })).toHaveProperty('checked', true);
    await person.keyboard('a');
    await screen.findByRole('heading', { name: 'Approved' });
    expect(api.review).toHaveBeenCalledTimes(2);
  });

  it('after a rejection that is taken back has all verdicts to choose from', async () => {
    await read();
    await person.keyboard('r3');
    await screen.findByRole('button', { name: /^Undo/ });
    await person.keyboard('z');
    await screen.findByRole('group', { name: 'Verdict' });
  });
});

it('what was said stays as it was said', async () => {
  await read();
  await person.keyboard('ta');
  await screen.findByRole('heading', { name: 'Approved' });
  await person.keyboard('tx{Home}{ArrowRight}i');
  const tick = screen.getByRole('checkbox', { name: /No identifying/ });
  expect(tick).toHaveProperty('checked', true);
  expect(tick).toHaveProperty('disabled', true);
  expect(screen.getByText('Whole recording, 0:01.0')).toBeTruthy();
});

describe('the player', () => {
  it('steps through the frames, and stays within them', async () => {
    await read();
    await person.keyboard('{Home}{ArrowLeft}');
    expect(playhead()).toBe('Frame 1 of 10, 0:00.0');
    await person.keyboard('{End}{ArrowRight}');
    expect(playhead()).toBe('Frame 10 of 10, 0:00.9');
  });

  it('goes slower and faster, in a loop or once', async () => {
    await read();
    await person.keyboard(',,');
    expect(screen.getByRole('status', { name: 'Speed' }).textContent).toBe('0.25×');
    await person.keyboard('.');
    expect(screen.getByRole('status', { name: 'Speed' }).textContent).toBe('0.5×');
    await person.keyboard('l');
    expect(screen.getByRole('button', { name: 'Loop', pressed: false })).toBeTruthy();
  });

  it('is brighter in the view only', async () => {
    await read();
    await person.keyboard('bb');
    const picture = screen.getByRole('img', { name: 'The recording' });
    expect(picture.style.filter).toBe('brightness(1.5)');
    await person.keyboard('BB');
    expect(picture.style.filter).toBe('');
    await person.keyboard('ta');
    await screen.findByRole('heading', { name: 'Approved' });
    expect(JSON.stringify(sent())).not.toContain('bright');
  });

  it('keeps the whole again with one key', async () => {
    await read();
    await person.keyboard('{Home}{ArrowRight}i');
    expect(screen.getByText('Kept: 0:00.1 to 0:01.0')).toBeTruthy();
    await person.keyboard('x');
    expect(screen.getByText('Whole recording, 0:01.0')).toBeTruthy();
  });
});
