import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/dicom.js';
import { Problem } from '../../src/api/problem.js';
import Dicom from '../../src/dicom/Dicom.jsx';
import { makeDelivery, makeInstance, makePeer } from './make.js';

vi.mock('../../src/api/dicom.js');

beforeEach(() => {
  vi.mocked(api.peers).mockResolvedValue([makePeer({ failed: 2 })]);
  vi.mocked(api.instances).mockResolvedValue({ items: [makeInstance()], next: null });
  vi.mocked(api.deliveries).mockResolvedValue({ items: [makeDelivery()], next: null });
});
afterEach(() => void vi.useRealTimers());

const show = () =>
  render(
    <main>
      <Dicom />
    </main>,
  );

it('tells what arrived, from whom, and leads to its answer', async () => {
  show();
  const row = await screen.findByRole('row', { name: /WARD3/ });
  expect(row.textContent).toContain('C-STORE');
  expect(within(row).getByRole('link', { name: 'Answered' }).getAttribute('href')).toBe(
    '#/screenings/scr-1',
  );
});

it('says so where the answer was deleted', async () => {
  const deleted = makeInstance({ screening_id: null, status: null });
  vi.mocked(api.instances).mockResolvedValue({ items: [deleted], next: null });
  show();
  expect((await screen.findByRole('row', { name: /WARD3/ })).textContent).toContain('Deleted');
});

it('counts what waits and what failed for each peer', async () => {
  show();
  const table = await screen.findByRole('group', { name: 'Peers' });
  const cells = within(table).getAllByRole('cell');
  expect(cells.map(({ textContent }) => textContent)).toEqual(['C-STORE', '1', '–', '2']);
});

it('says why a delivery failed, and sends it again', async () => {
  const failed = makeDelivery({
    state: 'failed',
    tries: 9,
    next_try_at: null,
    problem: 'pacs does not answer.',
  });
  vi.mocked(api.deliveries).mockResolvedValue({ items: [failed], next: null });
  vi.mocked(api.deliver).mockResolvedValue(makeDelivery());
  show();
  const row = await screen.findByRole('row', { name: /Failed after 9 tries/ });
  expect(row.textContent).toContain('pacs does not answer.');
  await userEvent.click(within(row).getByRole('button', { name: 'Send again' }));
  expect(api.deliver).toHaveBeenCalledExactlyOnceWith('scr-1', 'pacs');
  await waitFor(() => expect(api.deliveries).toHaveBeenCalledTimes(2));
});

it('keeps looking while something is on its way, and then stops', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  show();
  await screen.findByText(/Waiting, next try/);
  const done = makeDelivery({ state: 'done', finished_at: '2026-03-01T10:05:00Z' });
  vi.mocked(api.deliveries).mockResolvedValue({ items: [done], next: null });
  await vi.advanceTimersByTimeAsync(3100);
  await screen.findByText(/^Delivered/);
  const asked = vi.mocked(api.deliveries).mock.calls.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(vi.mocked(api.deliveries).mock.calls.length).toBe(asked);
});

it('says what to expect where there is nothing', async () => {
  vi.mocked(api.peers).mockResolvedValue([]);
  vi.mocked(api.instances).mockResolvedValue({ items: [], next: null });
  vi.mocked(api.deliveries).mockResolvedValue({ items: [], next: null });
  show();
  await screen.findByText(/Nothing has arrived yet/);
  await screen.findByText(/No peer is configured/);
  await screen.findByText(/No answer has been sent/);
});

it('shows why the service refuses', async () => {
  vi.mocked(api.peers).mockRejectedValue(
    new Problem({ code: 'unavailable', detail: 'The database is away.', status: 503 }),
  );
  show();
  expect((await screen.findByRole('alert')).textContent).toBe('The database is away.');
});

it('nothing stands in the way of assistive technology', async () => {
  const { container } = show();
  await screen.findByRole('row', { name: /WARD3/ });
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } }, // there are no styles here
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
