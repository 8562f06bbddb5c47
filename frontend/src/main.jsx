/** Where the page is wired together. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './pages/App.jsx';
import { carryOutAll } from './deletions.js';
import { items, selected } from './items.js';
import { remember } from './memory.js';
import { followAddress } from './route.js';
import { meet } from './service.js';
import { onKey } from './shortcuts.js';
import { title } from './title.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/controls.css';
import './styles/start.css';
import './styles/tray.css';
import './styles/square.css';
import './styles/progress.css';
import './styles/answer.css';
import './styles/overlays.css';

void meet();
remember();
followAddress();
effect(() => {
  document.title = title(items.value, selected.value);
});
window.addEventListener('keydown', onKey);
window.addEventListener('pagehide', carryOutAll);
window.addEventListener('beforeunload', (event) => {
  if (items.value.some(({ stage }) => stage === 'uploading' || stage === 'waiting')) {
    event.preventDefault();
  }
});
render(<App />, /** @type {HTMLElement} */ (document.getElementById('app')));
