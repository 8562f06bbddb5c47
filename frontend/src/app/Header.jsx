/** Always in sight: whose page this is, where one can go, and what it must not be used for. */
import { items } from '../screen/items.js';
import { place } from './route.js';
import { isAtLeast } from '../shared/session.js';
import { helpOpen } from '../shared/shortcuts.js';
import { AccountMenu } from './AccountMenu.jsx';
import { FilesButton } from '../screen/FilesButton.jsx';
import { Logo } from './Logo.jsx';

/** @type {{name: string, words: string, path: string, needs?: import('../api/accounts.js').Role}[]} */
const LINKS = [
  { name: 'screen', words: 'Screen', path: '#/' },
  { name: 'contribute', words: 'Contribute', path: '#/contribute' },
  { name: 'review', words: 'Review', path: '#/review', needs: 'reviewer' },
  { name: 'dataset', words: 'Dataset', path: '#/dataset' },
];

export function Header() {
  const here = place.value.page.name;
  return (
    <header class="head">
      <div class="head-row">
        <a class="brand" href="#/">
          <Logo />
          <strong>POCOVIDScreen</strong>
        </a>
        <nav class="pages" aria-label="Pages">
          {LINKS.filter(({ needs }) => !needs || isAtLeast(needs)).map(({ name, words, path }) => (
            <a key={name} href={path} aria-current={name === here ? 'page' : undefined}>
              {words}
            </a>
          ))}
        </nav>
        <p class="disclaimer">Research use only, not a diagnosis</p>
        <div class="head-actions">
          {here === 'screen' && items.value.length > 0 && (
            <FilesButton kind="quiet">Add</FilesButton>
          )}
          <AccountMenu />
          <button
            type="button"
            class="button button-round"
            aria-label="Help and keyboard shortcuts"
            aria-haspopup="dialog"
            onClick={() => (helpOpen.value = true)}
          >
            ?
          </button>
        </div>
      </div>
    </header>
  );
}
