import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, expect, it, vi } from 'vitest';
import * as api from '../../src/api/admin.js';
import People from '../../src/admin/people/People.jsx';
import { Problem } from '../../src/api/problem.js';
import { user } from '../../src/shared/session.js';
import { makeUser } from '../make.js';

vi.mock('../../src/api/admin.js');
vi.mock('../../src/api/accounts.js');

const ada = makeUser({ id: 'u-1', name: 'Ada Lund', email: 'ada@example.org', role: 'admin' });
const ben = makeUser({ id: 'u-2', name: 'Ben Ode', email: 'ben@example.org' });

beforeEach(() => {
  user.value = ada;
  vi.mocked(api.people).mockResolvedValue({ items: [ada, ben], next: null });
});

const show = () =>
  render(
    <main>
      <People />
    </main>,
  );
const roleOf = (/** @type {string} */ name) => screen.getByLabelText(`Role of ${name}`);

it('everybody is there with the role they have, and oneself is marked', async () => {
  show();
  const row = within(await screen.findByRole('row', { name: /Ada Lund/ }));
  expect(row.getByText('you')).toBeTruthy();
  expect(roleOf('Ben Ode')).toHaveProperty('value', 'contributor');
});

it('the list is searched while one types', async () => {
  show();
  await userEvent.type(await screen.findByLabelText('Name or address'), 'ben');
  await waitFor(() => expect(api.people).toHaveBeenLastCalledWith('ben', null));
});

it('a role is given', async () => {
  vi.mocked(api.changePerson).mockResolvedValue({ ...ben, role: 'reviewer' });
  show();
  await screen.findByRole('row', { name: /Ben Ode/ });
  await userEvent.selectOptions(roleOf('Ben Ode'), 'reviewer');
  expect(api.changePerson).toHaveBeenCalledWith('u-2', { role: 'reviewer' });
  await waitFor(() => expect(roleOf('Ben Ode')).toHaveProperty('value', 'reviewer'));
});

it('an account is disabled and enabled again', async () => {
  const disabled = { ...ben, disabled_at: '2026-03-01T10:00:00Z' };
  vi.mocked(api.changePerson).mockResolvedValueOnce(disabled).mockResolvedValueOnce(ben);
  show();
  await userEvent.click(await screen.findByRole('button', { name: 'Disable Ben Ode' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Enable Ben Ode' }));
  expect(api.changePerson).toHaveBeenLastCalledWith('u-2', { disabled: false });
  await screen.findByRole('button', { name: 'Disable Ben Ode' });
});

it('the last admin stays one, and the page says why', async () => {
  vi.mocked(api.changePerson).mockRejectedValue(
    new Problem({ code: 'last_admin', detail: 'You are the last admin.', status: 409 }),
  );
  show();
  await screen.findByRole('row', { name: /Ada Lund/ });
  await userEvent.selectOptions(roleOf('Ada Lund'), 'contributor');
  expect((await screen.findByRole('alert')).textContent).toBe('You are the last admin.');
  expect(roleOf('Ada Lund')).toHaveProperty('value', 'admin');
});

it('nothing stands in the way of assistive technology', async () => {
  const { container } = show();
  await screen.findByRole('row', { name: /Ada Lund/ });
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false } }, // there are no styles here
  });
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
});
