/** Where the page is wired together. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app/App.jsx';
import { followAddress } from './shared/address.js';
import { deleteAllNow } from './screen/deletions.js';
import { heading, windowTitle } from './shared/windowTitle.js';
import { items, selected } from './screen/items.js';
import { restoreRecordings } from './screen/savedRecordings.js';
import { place } from './app/route.js';
import { followScreening } from './screen/screeningAddress.js';
import { loadLimits } from './shared/service.js';
import { loadUser } from './shared/session.js';
import { onKey } from './shared/shortcuts.js';
import { screenTitle } from './screen/screenTitle.js';
import './shared/styles/tokens.css';
import './shared/styles/base.css';
import './shared/styles/layout.css';
import './app/header.css';
import './shared/styles/page.css';
import './shared/styles/data.css';
import './shared/styles/controls.css';
import './screen/start.css';
import './screen/recordingList.css';
import './shared/styles/square.css';
import './shared/styles/progress.css';
import './shared/styles/answer.css';
import './shared/styles/signs.css';
import './shared/styles/overlays.css';

void loadLimits();
void loadUser();
followAddress();
restoreRecordings();
followScreening();
effect(() => {
  const screening = place.value.page.name === 'screen';
  document.title = screening
    ? screenTitle(items.value, selected.value)
    : windowTitle(heading.value);
});
window.addEventListener('keydown', onKey);
// A file that is dropped beside the place for it must not replace the page.
for (const name of ['dragover', 'drop']) {
  window.addEventListener(name, (event) => {
    const { dataTransfer } = /** @type {DragEvent} */ (event);
    if (dataTransfer?.types.includes('Files')) event.preventDefault();
  });
}
window.addEventListener('pagehide', () => void deleteAllNow());
window.addEventListener('beforeunload', (event) => {
  if (items.value.some(({ stage }) => stage === 'uploading' || stage === 'waiting')) {
    event.preventDefault();
  }
});
render(<App />, /** @type {HTMLElement} */ (document.getElementById('app')));
