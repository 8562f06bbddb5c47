/** Who is signed in, and the pages that are about them; or the way to sign in. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { address, go } from '../shared/address.js';
import { place } from './route.js';
import { isAtLeast, signOut, user } from '../shared/session.js';

/** @type {{words: string, path: string, name: string}} */
const DICOM = { name: 'dicom', words: 'DICOM', path: '#/dicom' };

/** @type {{words: string, path: string, name: string}[]} */
const ADMIN = [
  { name: 'models', words: 'Models', path: '#/models' },
  { name: 'people', words: 'People', path: '#/people' },
  { name: 'audit', words: 'Audit', path: '#/audit' },
  { name: 'checks', words: 'Check', path: '#/checks' },
];

export function AccountMenu() {
  const [open, setOpen] = useState(false);
  const [error, setError] = useState('');
  const container = useRef(/** @type {HTMLDivElement | null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const { page } = place.value;
  const { path } = address.value;
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return undefined;
    const away = (/** @type {Event} */ { target }) => {
      if (!container.current?.contains(/** @type {Node} */ (target))) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
    };
  }, [open]);
  const person = user.value;
  if (!person) {
    if (person === undefined) return null;
    const back =
      path === '/' || page.name.startsWith('sign-') ? '' : `?back=${encodeURIComponent(path)}`;
    return (
      <a class="button button-quiet" href={`#/sign-in${back}`}>
        Sign in
      </a>
    );
  }
  const leave = async () => {
    try {
      await signOut();
      setOpen(false);
      go('/');
    } catch {
      setError('The service is not responding. You are still signed in.');
    }
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== 'Escape' || !open) return;
    setOpen(false);
    button.current?.focus();
  };
  const links = [...(isAtLeast('reviewer') ? [DICOM] : []), ...(isAtLeast('admin') ? ADMIN : [])];
  return (
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- Esc from anywhere within
    <div class="account" ref={container} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class="button button-round account-button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">{initials(person.name)}</span>
        <span class="unseen">Account of {person.name}</span>
      </button>
      {open && (
        <nav class="account-menu" aria-label="Account">
          <p>
            <b>{person.name}</b>
            <span class="hint">
              {person.email} · {person.role}
            </span>
          </p>
          <a href="#/account" aria-current={page.name === 'account' ? 'page' : undefined}>
            Account
          </a>
          {links.map((link) => (
            <a
              key={link.name}
              href={link.path}
              aria-current={page.name === link.name ? 'page' : undefined}
            >
              {link.words}
            </a>
          ))}
          <button type="button" onClick={leave}>
            Sign out
          </button>
          {error && <p role="alert">{error}</p>}
        </nav>
      )}
    </div>
  );
}

/** @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''];
  return letters.map((word) => (word ?? '').slice(0, 1).toUpperCase()).join('');
}
