import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/accounts.js';
import { App } from '../../src/app/App.jsx';
import { Problem } from '../../src/api/problem.js';
import { followAddress, readAddress } from '../../src/shared/address.js';
import { user } from '../../src/shared/session.js';
import { makeToken, makeUser } from '../make.js';

vi.mock('../../src/api/screenings.js');
vi.mock('../../src/api/accounts.js');

/** @param {string} hash @param {Partial<import('../../src/api/accounts.js').User> | null} [person] */
async function open(hash, person = null) {
  user.value = person && makeUser(person);
  history.replaceState(null, '', hash);
  readAddress();
  render(<App />);
  await screen.findByRole('heading', { level: 1 });
}

/** @param {string} label @param {string} text */
const type = (label, text) => userEvent.type(screen.getByLabelText(label), text);
/** @param {string} name */
const press = (name) => userEvent.click(screen.getByRole('button', { name }));

const wrongPassword = new Problem({
  code: 'wrong_password',
  detail: 'The address or the password is not right.',
  status: 401,
});

beforeEach(() => {
  followAddress();
  vi.mocked(api.tokens).mockResolvedValue([makeToken()]);
});

describe('signing in', () => {
  it('leads back to where one was', async () => {
    vi.mocked(api.signIn).mockResolvedValue(makeUser());
    await open('#/sign-in?back=%2Fdataset');
    await type('E-mail', 'ada@example.org');
    await type('Password', 'a long password{Enter}');
    expect(api.signIn).toHaveBeenCalledWith('ada@example.org', 'a long password');
    await waitFor(() => expect(location.hash).toBe('#/dataset'));
  });

  it('in the place of a page goes on with that page', async () => {
    vi.mocked(api.signIn).mockResolvedValue(makeUser());
    await open('#/account');
    await type('E-mail', 'ada@example.org');
    await type('Password', 'a long password{Enter}');
    const title = await screen.findByRole('heading', { level: 1, name: 'Account' });
    await waitFor(() => expect(document.activeElement).toBe(title));
  });

  it('says what the service says, and keeps what was typed', async () => {
    vi.mocked(api.signIn).mockRejectedValue(wrongPassword);
    await open('#/sign-in');
    await type('E-mail', 'ada@example.org');
    await type('Password', 'wrong{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('is not right');
    expect(screen.getByLabelText('E-mail')).toHaveProperty('value', 'ada@example.org');
  });

  it('asks for what is missing before anything is sent', async () => {
    await open('#/sign-in');
    await press('Sign in');
    expect(api.signIn).not.toHaveBeenCalled();
    const field = screen.getByLabelText('E-mail');
    expect(document.activeElement).toBe(field);
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('Enter your password.')).toBeTruthy();
  });

  it('can show the password', async () => {
    await open('#/sign-in');
    await press('Show: Password');
    expect(screen.getByLabelText('Password').getAttribute('type')).toBe('text');
  });
});

it('an account is created and leads to contributing', async () => {
  vi.mocked(api.signUp).mockResolvedValue(makeUser());
  await open('#/sign-up');
  await type('Name', 'Ada Lund');
  await type('E-mail', 'ada@example.org');
  await type('Password', 'short');
  await press('Create the account');
  expect(screen.getByText('Use at least 12 characters.')).toBeTruthy();
  await type('Password', ' but longer now');
  await press('Create the account');
  expect(vi.mocked(api.signUp).mock.lastCall?.[0]).toEqual({
    name: 'Ada Lund',
    email: 'ada@example.org',
    affiliation: '',
    password: 'short but longer now',
  });
  await waitFor(() => expect(location.hash).toBe('#/contribute'));
});

it('what the service says of a field stands at that field', async () => {
  vi.mocked(api.signUp).mockRejectedValue(
    new Problem({
      code: 'invalid_input',
      detail: 'No.',
      status: 422,
      fields: { email: 'There is an account of this address.' },
    }),
  );
  await open('#/sign-up');
  await type('Name', 'Ada Lund');
  await type('E-mail', 'ada@example.org');
  await type('Password', 'long enough by far{Enter}');
  expect(await screen.findByText('There is an account of this address.')).toBeTruthy();
  expect(screen.getByLabelText('E-mail').getAttribute('aria-invalid')).toBe('true');
});

it('a forgotten password is answered the same for every address', async () => {
  await open('#/reset');
  await type('E-mail of your account', 'who@example.org{Enter}');
  expect(await screen.findByText(/has an account, we have sent it an e-mail/)).toBeTruthy();
});

it('a new password is set from the link in the mail', async () => {
  await open('#/reset/s3cret');
  await type('New password', 'correct horse battery{Enter}');
  expect(api.resetPassword).toHaveBeenCalledWith('s3cret', 'correct horse battery');
  await waitFor(() => expect(location.hash).toBe('#/sign-in?reset=done'));
  const main = within(screen.getByRole('main'));
  expect(await main.findByText('Your new password is set. Sign in with it.')).toBeTruthy();
});

describe('the account', () => {
  it('changes the profile', async () => {
    vi.mocked(api.changeMe).mockResolvedValue(makeUser({ name: 'Ada Berg' }));
    await open('#/account', {});
    const form = within(screen.getByRole('form', { name: 'Profile' }));
    await userEvent.clear(form.getByLabelText('Name'));
    await userEvent.type(form.getByLabelText('Name'), 'Ada Berg{Enter}');
    expect(api.changeMe).toHaveBeenCalledWith({ name: 'Ada Berg', affiliation: 'Ward 3' });
    expect(await screen.findByRole('button', { name: 'Account of Ada Berg' })).toBeTruthy();
  });

  it('changes the password, and forgets both', async () => {
    await open('#/account', {});
    await type('Current password', 'the old one');
    await type('New password', 'the new one is long{Enter}');
    expect(api.changePassword).toHaveBeenCalledWith('the old one', 'the new one is long');
    await waitFor(() => expect(screen.getByLabelText('New password')).toHaveProperty('value', ''));
  });
});

describe('API tokens', () => {
  it('are shown once, to be copied', async () => {
    const writeText = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    vi.mocked(api.makeToken).mockResolvedValue({
      ...makeToken({ id: 't-2', name: 'night job' }),
      secret: 'pocovid_secret',
    });
    await open('#/account', {});
    await userEvent.click(screen.getByText('Create a token'));
    const form = screen.getByRole('form', { name: 'New token' });
    await userEvent.type(within(form).getByLabelText('Name'), 'night job{Enter}');
    expect(vi.mocked(api.makeToken).mock.lastCall?.[0]).toMatchObject({
      name: 'night job',
      scopes: ['submit'],
    });
    expect(await screen.findByDisplayValue('pocovid_secret')).toBeTruthy();
    await press('Copy');
    expect(writeText).toHaveBeenCalledWith('pocovid_secret');
  });

  it('offer what the role may do, and no more', async () => {
    await open('#/account', { role: 'reviewer' });
    await userEvent.click(screen.getByText('Create a token'));
    expect(screen.getAllByRole('checkbox').map((box) => box.closest('label')?.textContent)).toEqual(
      expect.arrayContaining([expect.stringContaining('Review the recordings')]),
    );
    expect(screen.queryByText('Everything that an administrator may do')).toBeNull();
  });

  it('are revoked after a second thought', async () => {
    await open('#/account', {});
    await press('Revoke upload script');
    expect(api.revokeToken).not.toHaveBeenCalled();
    await press('Revoke it');
    expect(api.revokeToken).toHaveBeenCalledWith('token-1');
    expect(await screen.findByText('You have no tokens.')).toBeTruthy();
  });
});

it.each([
  ['#/sign-in', null],
  ['#/sign-up', null],
  ['#/reset', null],
  ['#/reset/secret', null],
  ['#/account', {}],
])('%s is accessible', async (hash, person) => {
  await open(hash, person);
  const { violations } = await axe.run(document.body, { resultTypes: ['violations'] });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});
