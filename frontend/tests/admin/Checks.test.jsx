import { render, screen, waitFor } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/checks.js';
import Checks from '../../src/admin/checks/Checks.jsx';
import { Problem } from '../../src/api/problem.js';

vi.mock('../../src/api/checks.js');

const COUNTS = {
  preview_missing: { found: 1, mendable: 1, mended: 0 },
  original_missing: { found: 1, mendable: 0, mended: 0 },
};

/** @type {import('../../src/api/checks.js').Finding[]} */
const FINDINGS = [
  {
    kind: 'preview_missing',
    subject: 'contribution',
    id: 'c-1',
    text: 'The preview is not stored any more.',
    advice: '',
    mendable: true,
    mended: false,
  },
  {
    kind: 'original_missing',
    subject: 'contribution',
    id: 'c-2',
    text: 'A recording is not stored any more.',
    advice: 'Ask its contributor to send it again.',
    mendable: false,
    mended: false,
  },
];

/**
 * @param {Partial<import('../../src/api/checks.js').Check>} [changes]
 * @returns {import('../../src/api/checks.js').Check}
 */
const makeCheck = (changes) => ({
  id: 'check-1',
  state: 'done',
  deep: false,
  fix: false,
  only: [],
  created_at: '2026-03-01T10:00:00Z',
  started_at: null,
  finished_at: '2026-03-01T10:00:09Z',
  stage: '',
  looked_at: 0,
  ended: [],
  counts: {},
  error: null,
  ...changes,
});

/**
 * @param {Partial<import('../../src/api/checks.js').Check>} [changes]
 * @param {import('../../src/api/checks.js').Finding[]} [findings]
 */
function has(changes, findings = []) {
  const made = makeCheck(changes);
  vi.mocked(api.checks).mockResolvedValue({ items: [made] });
  vi.mocked(api.check).mockResolvedValue({ ...made, findings });
}

beforeEach(() => {
  vi.mocked(api.start).mockResolvedValue(makeCheck({ state: 'queued' }));
});

const show = () =>
  render(
    <main>
      <Checks />
    </main>,
  );

it('says so before there was one', async () => {
  vi.mocked(api.checks).mockResolvedValue({ items: [] });
  show();
  await screen.findByText(/No check has been run yet/);
});

it('is started by a button, and says how far it is', async () => {
  vi.mocked(api.checks).mockResolvedValue({ items: [] });
  show();
  await screen.findByText(/No check has been run yet/);
  has({ state: 'running', stage: 'pixels', looked_at: 12, finished_at: null });
  await userEvent.click(screen.getByLabelText(/hash all files/));
  await userEvent.click(screen.getByRole('button', { name: 'Start a check' }));
  expect(api.start).toHaveBeenCalledWith({ deep: true, fix: false });
  await screen.findByText(/recordings, read anew: 12 rows and objects/);
  expect(screen.getByRole('button', { name: 'Start a check' })).toHaveProperty('disabled', true);
});

it('says that nothing was found', async () => {
  has();
  show();
  await screen.findByText(/No problems found/);
  expect(screen.queryByRole('button', { name: /Repair/ })).toBeNull();
});

it('lists findings with what a person should do, and mends the others', async () => {
  has({ counts: COUNTS }, FINDINGS);
  show();
  const row = await screen.findByRole('row', { name: /original_missing/ });
  expect(row.textContent).toContain('Ask its contributor');
  await userEvent.click(screen.getByRole('button', { name: 'Repair 1 finding' }));
  await waitFor(() => expect(api.start).toHaveBeenCalledWith({ deep: false, fix: true }));
});

it('says why it could not look, and that another one is under way', async () => {
  has({ state: 'failed', error: 'The storage was away.' });
  vi.mocked(api.start).mockRejectedValue(
    new Problem({ status: 409, code: 'check_under_way', detail: 'A check is under way.' }),
  );
  show();
  await screen.findByText(/The storage was away/);
  await userEvent.click(screen.getByRole('button', { name: 'Start a check' }));
  expect((await screen.findByRole('alert')).textContent).toContain('A check is under way.');
});

it('nothing stands in the way of assistive technology', async () => {
  has({ counts: COUNTS }, FINDINGS);
  const { container } = show();
  await screen.findByRole('row', { name: /original_missing/ });
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } }, // there are no styles here
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
