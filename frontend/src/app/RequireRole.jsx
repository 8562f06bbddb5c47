/** Who may see a page: others are asked to sign in at the same address, or told whose it is. */
import { PAGES } from './pages.js';
import { isAtLeast, user } from '../shared/session.js';
import { PageHeading } from '../shared/PageHeading.jsx';
import { LazyPage } from './LazyPage.jsx';

const SIGN_IN = /** @type {import('./pages.js').Page} */ (
  PAGES.find(({ name }) => name === 'sign-in')
);

/**
 * @param {{
 *   needs: import('../api/accounts.js').Role | undefined,
 *   children: import('preact').ComponentChildren,
 * }} props
 */
export function RequireRole({ needs, children }) {
  if (!needs || isAtLeast(needs)) return <>{children}</>;
  if (user.value === undefined) return <p class="quiet page-wait">Loading…</p>;
  if (user.value === null) return <LazyPage page={SIGN_IN} id="" query={new URLSearchParams()} />;
  return (
    <section class="page page-narrow">
      <PageHeading title={`This page is for ${needs}s`} />
      <p>
        You are signed in as {user.value.name}, a {user.value.role}. An administrator of this
        service can give you the role of {needs === 'admin' ? 'an' : 'a'} {needs}.
      </p>
      <p>
        <a href="#/">Back to screening</a>
      </p>
    </section>
  );
}
