import { render, screen, waitFor, within } from '@testing-library/preact';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../../src/api/accounts.js';
import { onSignedOut } from '../../src/api/client.js';
import { App } from '../../src/app/App.jsx';
import { Problem } from '../../src/api/problem.js';
import { followAddress, go, readAddress } from '../../src/shared/address.js';
import { place } from '../../src/app/route.js';
import { loadUser, user } from '../../src/shared/session.js';
import { heading } from '../../src/shared/windowTitle.js';
import { makeUser } from '../make.js';

vi.mock('../../src/api/screenings.js');
vi.mock('../../src/api/accounts.js');

/** @param {string} hash @param {Partial<import('../../src/api/accounts.js').User> | null} [person] */
function open(hash, person = null) {
  user.value = person && makeUser(person);
  history.replaceState(null, '', hash);
  readAddress();
  render(<App />);
}

const pages = () => within(screen.getByRole('navigation', { name: 'Pages' }));

beforeEach(() => void followAddress());

describe('the header', () => {
  it.each(
    /** @type {const} */ ([
      [null, ['Screen', 'Contribute', 'Dataset']],
      ['contributor', ['Screen', 'Contribute', 'Dataset']],
      ['reviewer', ['Screen', 'Contribute', 'Review', 'Dataset']],
      ['admin', ['Screen', 'Contribute', 'Review', 'Dataset']],
    ]),
  )('leads %s to the pages that are theirs', (role, names) => {
    open('#/', role && { role });
    expect(
      pages()
        .getAllByRole('link')
        .map(({ textContent }) => textContent),
    ).toEqual(names);
    expect(pages().getByRole('link', { current: 'page' }).textContent).toBe('Screen');
  });

  it('has the pages of an administrator in the account menu', async () => {
    open('#/', { role: 'admin', name: 'Ada Lund' });
    const button = screen.getByRole('button', { name: 'Account of Ada Lund' });
    expect(button.textContent).toContain('AL');
    await userEvent.click(button);
    const menu = within(screen.getByRole('navigation', { name: 'Account' }));
    expect(menu.getAllByRole('link').map(({ textContent }) => textContent)).toEqual([
      'Account',
      'DICOM',
      'Models',
      'People',
      'Audit',
      'Check',
    ]);
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('navigation', { name: 'Account' })).toBeNull();
    expect(document.activeElement).toBe(button);
  });

  it('signs out', async () => {
    open('#/', {});
    await userEvent.click(screen.getByRole('button', { name: /^Account of/ }));
    await userEvent.click(screen.getByRole('button', { name: 'Sign out' }));
    expect(api.signOut).toHaveBeenCalledOnce();
    expect(await screen.findByRole('link', { name: 'Sign in' })).toBeTruthy();
  });

  it('leads back from signing in', () => {
    open('#/dataset');
    expect(screen.getByRole('link', { name: 'Sign in' }).getAttribute('href')).toBe(
      '#/sign-in?back=%2Fdataset',
    );
  });
});

describe('a page', () => {
  it('that is come to has the focus on its heading, and names the window', async () => {
    open('#/');
    go('/nowhere');
    const title = await screen.findByRole('heading', {
      level: 1,
      name: 'This page does not exist',
    });
    await waitFor(() => expect(document.activeElement).toBe(title));
    expect(heading.value).toBe('This page does not exist');
  });

  it('that is opened first leaves the focus where it is', async () => {
    open('#/nowhere');
    await screen.findByRole('heading', { level: 1 });
    expect(document.activeElement).toBe(document.body);
  });

  it('that needs an account asks to sign in, at the same address', async () => {
    open('#/contribute');
    expect(await screen.findByRole('heading', { level: 1, name: 'Sign in' })).toBeTruthy();
    expect(location.hash).toBe('#/contribute');
    user.value = makeUser();
    expect(await screen.findByRole('heading', { level: 1, name: 'Contribute' })).toBeTruthy();
  });

  it('that takes another role says whose it is', async () => {
    open('#/audit', { role: 'reviewer' });
    expect(await screen.findByRole('heading', { name: 'This page is for admins' })).toBeTruthy();
  });

  it('is not shown before it is known who asks', () => {
    open('#/audit');
    user.value = undefined;
    expect(place.value.page.name).toBe('audit');
    expect(screen.queryByRole('heading', { name: 'Audit' })).toBeNull();
  });
});

describe('the session', () => {
  beforeEach(() => {
    document.cookie = 'pocovid_csrf=secret';
    onSignedOut(() => {});
  });

  it('is asked for where somebody has been signed in', async () => {
    vi.mocked(api.me).mockResolvedValue(makeUser({ name: 'Ada' }));
    await loadUser();
    expect(user.value?.name).toBe('Ada');
  });

  it('is nobody for whoever has no cookie, without asking', async () => {
    document.cookie = 'pocovid_csrf=; max-age=0';
    await loadUser();
    expect(user.value).toBeNull();
    expect(api.me).not.toHaveBeenCalled();
  });

  it('is nobody once it is over', async () => {
    vi.mocked(api.me).mockRejectedValue(
      new Problem({ code: 'not_signed_in', detail: 'Sign in.', status: 401 }),
    );
    await loadUser();
    expect(user.value).toBeNull();
  });
});
