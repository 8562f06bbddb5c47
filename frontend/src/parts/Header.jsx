/** Always in sight: whose page this is, what it must not be used for, and adding recordings. */
import { items } from '../items.js';
import { helpOpen } from '../shortcuts.js';
import { FilesButton } from './FilesButton.jsx';
import { Mark } from './Mark.jsx';

export function Header() {
  return (
    <header class="head">
      <div class="head-row">
        <p class="brand">
          <Mark />
          <span>
            <strong>POCOVIDScreen</strong>
            <small>Lung ultrasound screening</small>
          </span>
        </p>
        <p class="disclaimer">Research use only, not a diagnosis</p>
        <div class="head-actions">
          {items.value.length > 0 && <FilesButton quiet>Add</FilesButton>}
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
