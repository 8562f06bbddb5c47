/** The keyboard shortcuts, over the page. */
import { useEffect, useRef } from 'preact/hooks';
import { enabled, groups, helpOpen, setEnabled } from '../shared/shortcuts.js';

export function Help() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-labelledby="help-title"
      onClose={() => (helpOpen.value = false)}
    >
      <header>
        <h2 id="help-title">Keyboard shortcuts</h2>
        <button
          type="button"
          class="button button-round"
          aria-label="Close"
          onClick={() => (helpOpen.value = false)}
        >
          ×
        </button>
      </header>
      {open && groups.value.map((group) => <Keys key={group.title} group={group} />)}
      <label class="check">
        <input
          type="checkbox"
          checked={enabled.value}
          onChange={({ currentTarget }) => setEnabled(currentTarget.checked)}
        />
        Single-key shortcuts (switch off when you dictate)
      </label>
    </dialog>
  );
}

/** @param {{group: import('../shared/shortcuts.js').Group}} props */
function Keys({ group: { title, list } }) {
  if (list().length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <dl>
        {list().map(({ key = '', keys = keyCaps(key), description }) => (
          <div key={description}>
            <dt>
              {keys.map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{description}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** @param {string} key @returns {string[]} as keyboards show it */
const keyCaps = (key) => (key === key.toLowerCase() ? [key.toUpperCase()] : ['Shift', key]);
