import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as dataset from '../../src/api/dataset.js';
import * as api from '../../src/api/training.js';
import Models from '../../src/admin/models/Models.jsx';
import { inPoints } from '../../src/admin/models/figures.js';
import { Problem } from '../../src/api/problem.js';
import { makeRelease } from '../dataset/make.js';

vi.mock('../../src/api/dataset.js');
vi.mock('../../src/api/training.js');

/** @param {number} accuracy @returns {import('../../src/api/training.js').Metrics} */
const makeFigures = (accuracy) => ({
  frames: 1622,
  videos: 95,
  frame_accuracy: accuracy,
  frame_balanced_accuracy: accuracy,
  video_accuracy: accuracy,
  video_classes: { covid19: { sensitivity: 0.8, specificity: 0.9 } },
});

/** @param {Partial<import('../../src/api/training.js').Artifact>} [changes] @returns {import('../../src/api/training.js').Artifact} */
const makeArtifact = (changes) => ({
  version: 'pocovidnet-1',
  created_at: '2026-01-01T10:00:00Z',
  active: true,
  shipped: true,
  available: true,
  release: null,
  training: null,
  group: 'patient',
  metrics: { patient: makeFigures(0.82), recording: makeFigures(0.9) },
  ...changes,
});

/**
 * @param {import('../../src/api/training.js').Artifact[]} items
 * @returns {import('../../src/api/schema.d.ts').ArtifactList}
 */
const makeList = (items) => ({
  items,
  next: null,
  active: items.find(({ active }) => active)?.version ?? null,
  previous: null,
  history: [],
});

/** @param {Partial<import('../../src/api/training.js').Training>} [changes] @returns {import('../../src/api/training.js').Training} */
const makeTraining = (changes) => ({
  id: 't-1',
  release: 2,
  state: 'running',
  stage: 'folds',
  settings: { epochs: 2 },
  created_at: '2026-03-01T10:00:00Z',
  started_at: null,
  finished_at: null,
  error: null,
  artifact_version: null,
  left_out: [],
  comparison: null,
  folds: [
    {
      fold: 0,
      state: 'running',
      stage: 'epoch',
      done: 1,
      total: 2,
      error: null,
      metrics: null,
    },
    { fold: 1, state: 'queued', stage: '', done: 0, total: 0, error: null, metrics: null },
  ],
  ...changes,
});

const newer = makeArtifact({
  version: 'pocovidnet-2',
  created_at: '2026-03-01T12:00:00Z',
  active: false,
  metrics: { patient: makeFigures(0.845) },
});

beforeEach(() => {
  vi.mocked(dataset.releases).mockResolvedValue({ items: [makeRelease()], next: null });
  vi.mocked(api.trainings).mockResolvedValue({ items: [], next: null });
  vi.mocked(api.artifacts).mockResolvedValue(makeList([makeArtifact()]));
});

const show = () =>
  render(
    <main>
      <Models />
    </main>,
  );

it('says which version answers now', async () => {
  show();
  await screen.findByText('pocovidnet-1 answers now.');
});

describe('a training', () => {
  it('is started on a release with settings that are sensible as they stand', async () => {
    show();
    const epochs = await screen.findByLabelText('Epochs');
    await userEvent.clear(epochs);
    await userEvent.type(epochs, '2');
    await userEvent.selectOptions(screen.getByLabelText('Copies differ'), 'in both ways');
    await userEvent.click(screen.getByRole('button', { name: 'Train' }));
    expect(api.train).toHaveBeenCalledWith(2, {
      epochs: 2,
      batch: 16,
      learning_rate: 0.0001,
      copies: 4,
      augmentation: 'both',
    });
  });

  it('waits for a release', async () => {
    vi.mocked(dataset.releases).mockResolvedValue({ items: [], next: null });
    show();
    await screen.findByText(/There is no release to train on yet/);
    expect(screen.queryByRole('button', { name: 'Train' })).toBeNull();
  });

  it('waits for a release that is being made', async () => {
    vi.mocked(dataset.releases).mockResolvedValue({
      items: [makeRelease({ number: 1, state: 'running' })],
      next: null,
    });
    show();
    await screen.findByText(/Release 1 is being made; it can be trained on once it is done/);
    expect(screen.queryByText(/There is no release to train on yet/)).toBeNull();
    vi.mocked(dataset.releases).mockResolvedValue({ items: [makeRelease()], next: null });
    await screen.findByRole('button', { name: 'Train' }, { timeout: 10_000 });
  });

  it('is followed fold by fold', async () => {
    vi.mocked(api.trainings).mockResolvedValue({ items: [makeTraining()], next: null });
    show();
    const first = await screen.findByRole('progressbar', { name: 'Fold 1' });
    expect(first.getAttribute('aria-valuenow')).toBe('50');
    expect(screen.getByText('epoch 1 of 2')).toBeTruthy();
    expect(screen.getByRole('progressbar', { name: 'Fold 2' }).getAttribute('aria-valuenow')).toBe(
      '0',
    );
    vi.mocked(api.trainings).mockResolvedValue({
      items: [makeTraining({ state: 'done', artifact_version: 'pocovidnet-2' })],
      next: null,
    });
    await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull(), { timeout: 10_000 });
    expect(screen.getByText('pocovidnet-2')).toBeTruthy();
  });

  it('is cancelled', async () => {
    vi.mocked(api.trainings).mockResolvedValue({ items: [makeTraining()], next: null });
    show();
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }));
    expect(api.cancelTraining).toHaveBeenCalledWith('t-1');
  });

  it('says how many recordings it goes without', async () => {
    vi.mocked(api.trainings).mockResolvedValue({
      items: [makeTraining({ left_out: ['a', 'b'] })],
      next: null,
    });
    show();
    await screen.findByText(/Without 2 recordings of the release/);
  });

  it('that failed says why', async () => {
    const failed = makeTraining({ state: 'failed', error: 'The disk is full.' });
    vi.mocked(api.trainings).mockResolvedValue({ items: [failed], next: null });
    show();
    await screen.findByText('The disk is full.');
  });

  it('that is refused says why', async () => {
    vi.mocked(api.train).mockRejectedValue(
      new Problem({ code: 'conflict', detail: 'It has one class only.', status: 409 }),
    );
    show();
    await userEvent.click(await screen.findByRole('button', { name: 'Train' }));
    expect((await screen.findByRole('alert')).textContent).toBe('It has one class only.');
  });
});

describe('an artifact', () => {
  beforeEach(() => {
    vi.mocked(api.artifacts).mockResolvedValue(makeList([newer, makeArtifact()]));
  });

  it('is seen beside the active one, without differences: the recordings are others', async () => {
    show();
    const row = await screen.findByRole('row', { name: /Accuracy of videos/ });
    expect(
      within(row)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual(['82.0%', '84.5%']);
    await userEvent.click(screen.getByRole('button', { name: 'By recording' }));
    const other = screen.getByRole('row', { name: /Accuracy of videos/ });
    expect(
      within(other)
        .getAllByRole('cell')
        .map(({ textContent }) => textContent),
    ).toEqual(['90.0%', '']);
    expect(screen.queryByRole('columnheader', { name: /Difference/ })).toBeNull();
  });

  it('is seen on the same recordings first, where a training has compared the two', async () => {
    const comparison = {
      recordings: 20,
      left_out: 2,
      new: { version: 'pocovidnet-2', metrics: makeFigures(0.75) },
      active: { version: 'pocovidnet-1', metrics: makeFigures(0.8), may_have_seen: false },
    };
    const done = makeTraining({ state: 'done', artifact_version: 'pocovidnet-2', comparison });
    vi.mocked(api.trainings).mockResolvedValue({ items: [done], next: null });
    show();
    const row = await screen.findByRole('row', { name: /Accuracy of videos/ });
    expect(row.textContent).toContain('80.0%75.0%−5.0');
    expect(screen.getByText(/Both on 20 recordings of release 2/).textContent).toContain(
      '2 recordings are left out',
    );
  });

  it('is not compared where the active one may have learnt from the recordings', async () => {
    const comparison = {
      recordings: 0,
      new: { version: 'pocovidnet-2', metrics: null },
      active: { version: 'pocovidnet-1', metrics: null, may_have_seen: true },
    };
    const done = makeTraining({ state: 'done', artifact_version: 'pocovidnet-2', comparison });
    vi.mocked(api.trainings).mockResolvedValue({ items: [done], next: null });
    show();
    await screen.findByText(/not known whether pocovidnet-1 was trained on some of these/);
    expect(screen.queryByRole('button', { name: 'The same recordings' })).toBeNull();
    expect(screen.queryByText(/had seen neither it/)).toBeNull();
  });

  it('has no accuracy before anything was measured', async () => {
    vi.mocked(api.artifacts).mockResolvedValue(makeList([makeArtifact({ metrics: {} })]));
    show();
    await screen.findByText('No accuracy is known for it yet.');
  });

  it('is made to answer after a question', async () => {
    show();
    await userEvent.click(await screen.findByRole('button', { name: 'Activate pocovidnet-2' }));
    const dialog = within(await screen.findByRole('dialog'));
    expect(dialog.getByText(/in place of pocovidnet-1/)).toBeTruthy();
    expect(api.activate).not.toHaveBeenCalled();
    await userEvent.click(dialog.getByRole('button', { name: 'Activate pocovidnet-2' }));
    expect(api.activate).toHaveBeenCalledWith('pocovidnet-2');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('that is older is what one rolls back to', async () => {
    vi.mocked(api.artifacts).mockResolvedValue(
      makeList([{ ...newer, active: true }, makeArtifact({ active: false })]),
    );
    show();
    await screen.findByRole('button', { name: 'Roll back to pocovidnet-1' });
  });

  it('of an earlier software can be compared with and not chosen', async () => {
    const retired = makeArtifact({ active: false, available: false });
    vi.mocked(api.artifacts).mockResolvedValue(makeList([{ ...newer, active: true }, retired]));
    show();
    await screen.findByText(/pocovidnet-1 came with an earlier version/);
    expect(screen.queryByRole('button', { name: /Roll back|Activate/ })).toBeNull();
    expect(screen.getByRole('columnheader', { name: 'pocovidnet-1' })).toBeTruthy();
  });
});

it('differences are in points, with their sign', () => {
  expect(inPoints(0.845, 0.82)).toBe('+2.5');
  expect(inPoints(0.8, 0.82)).toBe('−2.0');
  expect(inPoints(0.82, 0.82)).toBe('±0.0');
  expect(inPoints(undefined, 0.82)).toBe('');
});

it('nothing stands in the way of assistive technology', async () => {
  vi.mocked(api.artifacts).mockResolvedValue(makeList([newer, makeArtifact()]));
  vi.mocked(api.trainings).mockResolvedValue({ items: [makeTraining()], next: null });
  const { container } = show();
  await screen.findByRole('progressbar', { name: 'Fold 1' });
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } }, // there are no styles here
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
