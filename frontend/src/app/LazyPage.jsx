/** A page whose code is fetched when it is first shown. */
import { useEffect, useState } from 'preact/hooks';

/** @typedef {import('./pages.js').Page} Page */
/** @typedef {import('preact').ComponentType<import('../shared/address.js').PageProps>} Component */

/** @type {Map<Page, Component>} */
const loaded = new Map();

/** @param {{page: Page} & import('../shared/address.js').PageProps} props */
export function LazyPage({ page, id, query }) {
  const [Shown, setShown] = useState(() => loaded.get(page) ?? null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (Shown || !page.load) return undefined;
    let left = false;
    page.load().then(
      ({ default: component }) => {
        loaded.set(page, component);
        if (!left) setShown(() => component);
      },
      () => {
        if (!left) setFailed(true);
      },
    );
    return () => {
      left = true;
    };
  }, [page, Shown]);
  if (Shown) return <Shown id={id} query={query} />;
  if (!failed) return <p class="quiet page-wait">Loading…</p>;
  return (
    <div class="trouble" role="alert">
      <div>
        <h1>This page could not be loaded</h1>
        <p>The connection was lost, or the service was updated after you opened the page.</p>
        <div class="actions">
          <button type="button" class="button button-primary" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </div>
    </div>
  );
}
