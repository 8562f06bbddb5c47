import { render, screen, waitFor } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/admin.js';
import Audit from '../../src/admin/audit/Audit.jsx';

vi.mock('../../src/api/admin.js');

/**
 * @param {Partial<import('../../src/api/admin.js').AuditEvent>} [changes]
 * @returns {import('../../src/api/admin.js').AuditEvent}
 */
const makeEvent = (changes) => ({
  id: 1,
  at: '2026-03-01T10:00:00Z',
  actor_id: 'user-0123456789',
  actor_name: null,
  actor_role: 'reviewer',
  action: 'reviews.approved',
  subject_kind: 'contribution',
  subject_id: 'contribution-0123456789',
  detail: { reading: 1, reason: null },
  request_id: 'request-1',
  ...changes,
});

beforeEach(() => {
  vi.mocked(api.audit).mockResolvedValue({ items: [makeEvent()], next: 'c-1' });
  vi.mocked(api.auditCsvUrl).mockImplementation(({ action }) => `/audit.csv?action=${action}`);
});

const asked = () => vi.mocked(api.audit).mock.lastCall?.[0];

const show = () =>
  render(
    <main>
      <Audit />
    </main>,
  );

it('tells who did what to what', async () => {
  show();
  const row = await screen.findByRole('row', { name: /reviews\.approved/ });
  expect(row.textContent).toContain('reading: 1');
  expect(row.textContent).not.toContain('reason');
});

it('is narrowed down by what is seen in it, and taken home as narrow as it is', async () => {
  show();
  await userEvent.click(await screen.findByRole('button', { name: 'reviews.approved' }));
  await waitFor(() => expect(asked()).toMatchObject({ action: 'reviews.approved' }));
  expect(screen.getByRole('link', { name: 'Export as CSV' }).getAttribute('href')).toBe(
    '/audit.csv?action=reviews.approved',
  );
  await userEvent.click(screen.getByRole('button', { name: 'Show all' }));
  await waitFor(() => expect(asked()).toMatchObject({ action: '' }));
});

it('comes in pages', async () => {
  show();
  vi.mocked(api.audit).mockResolvedValue({
    items: [makeEvent({ id: 2, action: 'releases.done' })],
    next: null,
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Show more' }));
  await screen.findByText('releases.done');
  expect(screen.getByText('reviews.approved')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
});

it('nothing stands in the way of assistive technology', async () => {
  const { container } = show();
  await screen.findByRole('row', { name: /reviews\.approved/ });
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } }, // there are no styles here
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
