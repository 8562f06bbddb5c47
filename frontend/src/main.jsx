/** Where the page is wired together. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app/App.jsx';
import { followAddress } from './shared/address.js';
import { carryOutAll } from './screen/deletions.js';
import { heading, named } from './shared/heading.js';
import { items, selected } from './screen/items.js';
import { remember } from './screen/memory.js';
import { place } from './app/route.js';
import { followScreening } from './screen/screeningAddress.js';
import { meet } from './shared/service.js';
import { meetUser } from './shared/session.js';
import { onKey } from './shared/shortcuts.js';
import { title } from './screen/title.js';
import './shared/styles/tokens.css';
import './shared/styles/base.css';
import './shared/styles/layout.css';
import './app/head.css';
import './shared/styles/page.css';
import './shared/styles/data.css';
import './shared/styles/controls.css';
import './screen/start.css';
import './screen/tray.css';
import './shared/styles/square.css';
import './shared/styles/progress.css';
import './shared/styles/answer.css';
import './shared/styles/overlays.css';

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
