/** The frame of every page: the header with its disclaimer, the content, what lies over it. */
import { announcement } from '../shared/announcer.js';
import { place } from './route.js';
import { reachable } from '../shared/service.js';
import { RequireRole } from './RequireRole.jsx';
import { Header } from './Header.jsx';
import { Help } from './Help.jsx';
import { LazyPage } from './LazyPage.jsx';
import { Screen } from '../screen/Screen.jsx';

export function App() {
  const { page, id, query } = place.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        {!reachable.value && (
          <p class="notice notice-problem" role="alert">
            The service is not responding. This page retries every few seconds; nothing is lost.
          </p>
        )}
        {page.name === 'screen' ? (
          <Screen />
        ) : (
          <RequireRole needs={page.needs}>
            <LazyPage key={`${page.path} ${id}`} page={page} id={id} query={query} />
          </RequireRole>
        )}
      </main>
      <footer class="foot">
        <p>
          Based on POCOVID-Net: the mean of five neural networks. Programs use the same service:{' '}
          <a href="/api/docs">REST API</a>.
        </p>
      </footer>
      <Help />
      <div class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

/** The address is taken by the page, so the jump is made by hand. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
