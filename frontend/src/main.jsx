/** Where the page is wired together. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './pages/App.jsx';
import { followAddress } from './address.js';
import { carryOutAll } from './deletions.js';
import { heading, named } from './heading.js';
import { items, selected } from './items.js';
import { remember } from './memory.js';
import { place } from './route.js';
import { followScreening } from './screeningAddress.js';
import { meet } from './service.js';
import { meetUser } from './session.js';
import { onKey } from './shortcuts.js';
import { title } from './title.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/head.css';
import './styles/page.css';
import './styles/data.css';
import './styles/controls.css';
import './styles/start.css';
import './styles/tray.css';
import './styles/square.css';
import './styles/progress.css';
import './styles/answer.css';
import './styles/overlays.css';

void meet();
void meetUser();
followAddress();
remember();
followScreening();
effect(() => {
  const screening = place.value.page.name === 'screen';
  document.title = screening ? title(items.value, selected.value) : named(heading.value);
});
window.addEventListener('keydown', onKey);
// A file that is dropped beside the place for it must not replace the page.
for (const name of ['dragover', 'drop']) {
  window.addEventListener(name, (event) => {
    const { dataTransfer } = /** @type {DragEvent} */ (event);
    if (dataTransfer?.types.includes('Files')) event.preventDefault();
  });
}
window.addEventListener('pagehide', carryOutAll);
window.addEventListener('beforeunload', (event) => {
  if (items.value.some(({ stage }) => stage === 'uploading' || stage === 'waiting')) {
    event.preventDefault();
  }
});
render(<App />, /** @type {HTMLElement} */ (document.getElementById('app')));
