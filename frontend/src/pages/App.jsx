/** The frame of every page: the header with its disclaimer, the content, what lies over it. */
import { useEffect, useState } from 'preact/hooks';
import { announcement } from '../announcer.js';
import { takeIn } from '../intake.js';
import { items } from '../items.js';
import { reachable } from '../service.js';
import { addFiles } from '../uploads.js';
import { DropVeil } from '../parts/DropVeil.jsx';
import { Header } from '../parts/Header.jsx';
import { Help } from '../parts/Help.jsx';
import { UndoBar } from '../parts/UndoBar.jsx';
import { Bench } from './Bench.jsx';
import { Start } from './Start.jsx';

export function App() {
  const [hovering, setHovering] = useState(false);
  useEffect(() => takeIn({ onFiles: addFiles, onHover: setHovering }), []);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        {!reachable.value && (
          <p class="notice notice-problem" role="alert">
            The service does not answer. This page tries again every few seconds; nothing is lost.
          </p>
        )}
        {items.value.length === 0 ? <Start /> : <Bench />}
      </main>
      <footer class="foot">
        <p>
          After POCOVID-Net: five neural networks, one mean. Programs use the same service:{' '}
          <a href="/api/docs">REST API</a>.
        </p>
      </footer>
      <UndoBar />
      <Help />
      {hovering && <DropVeil />}
      <div class="unseen" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </>
  );
}

/** The address is taken by the screening, so the jump is made by hand. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
