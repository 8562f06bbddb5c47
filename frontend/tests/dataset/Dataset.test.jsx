import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/dataset.js';
import Dataset from '../../src/dataset/Dataset.jsx';
import Release from '../../src/dataset/Release.jsx';
import { Problem } from '../../src/api/problem.js';
import { user } from '../../src/shared/session.js';
import { makeUser } from '../make.js';
import { DIFF, SUMMARY, makeItem, makeRelease } from './make.js';

vi.mock('../../src/api/dataset.js');
vi.mock('../../src/api/accounts.js');

const nothing = new URLSearchParams();
const showAll = () =>
  render(
    <main>
      <Dataset />
    </main>,
  );
const showOne = () =>
  render(
    <main>
      <Release id="2" query={nothing} />
    </main>,
  );

/** @param {Partial<import('../../src/api/dataset.js').NextRelease>} [changes] */
const makeNext = (changes) => ({
  ready: true,
  reason: null,
  waiting_for_ingest: 0,
  summary: SUMMARY,
  diff: DIFF,
  ...changes,
});

beforeEach(() => {
  user.value = null;
  vi.mocked(api.releases).mockResolvedValue({
    items: [makeRelease(), makeRelease({ number: 1, note: '' })],
    next: null,
  });
  vi.mocked(api.release).mockResolvedValue(makeRelease());
  vi.mocked(api.releaseItems).mockResolvedValue({ items: [makeItem()], next: null });
  vi.mocked(api.nextRelease).mockResolvedValue(makeNext());
});

describe('the dataset', () => {
  it('shows the newest release in counts of class and probe, and all versions', async () => {
    showAll();
    await screen.findByRole('heading', { name: 'Release 2' });
    const row = screen.getByRole('row', { name: /COVID-19/ });
    expect(
      within(row)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual(['6', '1', '150', '0', '0', '0']);
    expect(screen.getByRole('row', { name: 'All 18 1 400 1 0 12' })).toBeTruthy();
    expect(screen.queryByRole('row', { name: /Other/ })).toBeNull();
    expect(screen.getByRole('link', { name: 'Release 1' }).getAttribute('href')).toBe(
      '#/dataset/1',
    );
  });

  it('says so where there is no release, and how to help', async () => {
    vi.mocked(api.releases).mockResolvedValue({ items: [], next: null });
    showAll();
    await screen.findByRole('heading', { name: 'No release is finished yet' });
    expect(screen.getByRole('link', { name: 'Contribute recordings' })).toBeTruthy();
  });

  it('does not say that there is none while the first one is made', async () => {
    user.value = makeUser({ role: 'admin' });
    vi.mocked(api.releases).mockResolvedValue({
      items: [makeRelease({ number: 1, state: 'running', summary: null })],
      next: null,
    });
    showAll();
    await screen.findByRole('heading', { name: 'Release 1' });
    expect(screen.queryByText(/No release is finished yet/)).toBeNull();
  });

  it('says how many recordings no model may learn from', async () => {
    vi.mocked(api.releases).mockResolvedValue({
      items: [makeRelease({ summary: { ...SUMMARY, left_out: 1 } })],
      next: null,
    });
    showAll();
    await screen.findByText(/1 recording is left out of training and testing/);
  });

  it('shows what the next release would hold to admins alone', async () => {
    showAll();
    await screen.findByRole('heading', { name: 'Release 2' });
    expect(api.nextRelease).not.toHaveBeenCalled();
  });
});

describe('the next release', () => {
  beforeEach(() => {
    user.value = makeUser({ role: 'admin' });
  });

  it('is made with one button, and followed until it is there', async () => {
    vi.mocked(api.makeRelease).mockResolvedValue(makeRelease({ number: 3, state: 'queued' }));
    showAll();
    await userEvent.type(await screen.findByLabelText('Note'), ' Spring ');
    vi.mocked(api.releases).mockResolvedValue({
      items: [
        makeRelease({ number: 3, state: 'running', progress: { done: 5, total: 20 } }),
        makeRelease(),
      ],
      next: null,
    });
    await userEvent.click(screen.getByRole('button', { name: 'Make the release' }));
    expect(api.makeRelease).toHaveBeenCalledWith('Spring');
    const bar = await screen.findByRole('progressbar', { name: 'Making release 3' });
    expect(bar.getAttribute('aria-valuenow')).toBe('25');
    vi.mocked(api.releases).mockResolvedValue({
      items: [makeRelease({ number: 3 }), makeRelease()],
      next: null,
    });
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull(), { timeout: 10_000 });
    expect(screen.getByRole('heading', { name: 'Release 3' })).toBeTruthy();
  });

  it('says what is in its way', async () => {
    vi.mocked(api.nextRelease).mockResolvedValue(
      makeNext({ ready: false, reason: 'Nothing has changed since release 2.' }),
    );
    showAll();
    await screen.findByText('Nothing has changed since release 2.');
    expect(screen.queryByRole('button', { name: 'Make the release' })).toBeNull();
  });

  it('says why one was not made', async () => {
    vi.mocked(api.releases).mockResolvedValue({
      items: [makeRelease({ number: 3, state: 'failed', error: 'The storage is full.' })],
      next: null,
    });
    showAll();
    expect((await screen.findByRole('alert')).textContent).toContain('The storage is full.');
  });

  it('tells which recordings are still on their way', async () => {
    vi.mocked(api.nextRelease).mockResolvedValue(makeNext({ waiting_for_ingest: 2 }));
    showAll();
    await screen.findByText(/2 approved recordings still being de-identified/);
  });
});

describe('a release', () => {
  it('can be taken home, and says how large that is', async () => {
    showOne();
    const archive = await screen.findByRole('link', { name: /Archive 5\.4 GB/ });
    expect(archive.getAttribute('href')).toBe('/api/v1/releases/2/archive.zip');
    expect(screen.getByRole('link', { name: /Table 12 kB/ })).toBeTruthy();
    expect(screen.getByRole('link', { name: /Croissant 9 kB/ })).toBeTruthy();
  });

  it('says what is new in it', async () => {
    showOne();
    await screen.findByText('2 recordings added');
    expect(screen.getByText('1 recording withdrawn')).toBeTruthy();
    expect(screen.getByText(/label corrected from COVID-19 to Healthy/)).toBeTruthy();
  });

  it('says how to cite it, and the licences', async () => {
    showOne();
    await screen.findByText(/lung ultrasound dataset, release 2/);
    expect(screen.getByText('12 recordings')).toBeTruthy();
  });

  it('that does not exist leads to those that do', async () => {
    vi.mocked(api.release).mockRejectedValue(
      new Problem({ code: 'not_found', detail: 'There is no release 2.', status: 404 }),
    );
    showOne();
    expect((await screen.findByRole('alert')).textContent).toBe('There is no release 2.');
    expect(screen.getByRole('link', { name: 'All versions' })).toBeTruthy();
  });

  it('filters its recordings', async () => {
    showOne();
    await userEvent.selectOptions(await screen.findByLabelText('Label'), 'healthy');
    await waitFor(() =>
      expect(api.releaseItems).toHaveBeenLastCalledWith(2, { label: 'healthy', probe: '' }, null),
    );
  });

  it('shows a recording frame by frame, with what is known of it', async () => {
    showOne();
    await userEvent.click(await screen.findByRole('button', { name: /COVID-19/ }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByText('Bilateral B-lines')).toBeTruthy();
    expect(dialog.getByText('B-lines')).toBeTruthy();
    await userEvent.click(dialog.getByRole('button', { name: 'Next frame' }));
    expect(dialog.getByRole('img', { name: 'Frame 2 of 9' }).getAttribute('src')).toBe(
      '/api/v1/releases/2/items/item-1/frames/1.jpg',
    );
  });

  it('is written without pixels where a recording was withdrawn', async () => {
    vi.mocked(api.releaseItems).mockResolvedValue({
      items: [makeItem({ withdrawn: true })],
      next: null,
    });
    showOne();
    await userEvent.click(await screen.findByRole('button', { name: /COVID-19/ }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByText(/Its images are deleted/)).toBeTruthy();
    expect(dialog.queryByRole('img')).toBeNull();
  });
});

describe('a wrong label', () => {
  async function open() {
    showOne();
    await userEvent.click(await screen.findByRole('button', { name: /COVID-19/ }));
    await userEvent.click(await screen.findByRole('button', { name: 'Report a wrong label' }));
  }

  it('is reported by anybody, in words', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: 'Send the report' }));
    expect(screen.getByRole('alert').textContent).toContain('Describe in a few words');
    await userEvent.selectOptions(screen.getByLabelText('What it should be'), 'healthy');
    await userEvent.type(screen.getByLabelText('What you see'), 'A-lines only');
    await userEvent.click(screen.getByRole('button', { name: 'Send the report' }));
    expect(api.report).toHaveBeenCalledWith(2, 'item-1', {
      label: 'healthy',
      message: 'A-lines only',
    });
    await screen.findByText(/A reviewer will look at this recording again/);
  });

  it('that is refused keeps the words', async () => {
    vi.mocked(api.report).mockRejectedValue(
      new Problem({ code: 'rate_limited', detail: 'Too many reports.', status: 429 }),
    );
    await open();
    await userEvent.type(screen.getByLabelText('What you see'), 'A-lines only');
    await userEvent.click(screen.getByRole('button', { name: 'Send the report' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Too many reports.');
    expect(screen.getByLabelText('What you see')).toHaveProperty('value', 'A-lines only');
  });
});

it('nothing stands in the way of assistive technology', async () => {
  const options = { rules: { 'color-contrast': { enabled: false } } }; // there are no styles here
  const { container } = showOne();
  await userEvent.click(await screen.findByRole('button', { name: /COVID-19/ }));
  await userEvent.click(await screen.findByRole('button', { name: 'Report a wrong label' }));
  const { violations } = await axe.run(container, options);
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
