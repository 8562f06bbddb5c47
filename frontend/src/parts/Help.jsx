/** The keyboard shortcuts, over the page. */
import { useEffect, useRef } from 'preact/hooks';
import { SHORTCUTS, enabled, helpOpen, setEnabled } from '../shortcuts.js';

const IN_PLACE = [
  { keys: ['←', '→', '↑', '↓'], does: 'Move the square' },
  { keys: ['+', '−'], does: 'Larger, smaller (or Shift with an arrow)' },
  { keys: ['R'], does: 'Back to the proposed square' },
  { keys: ['←', '→', 'Home', 'End'], does: 'Step through the frames of an answer' },
  { keys: ['Space'], does: 'Play and stop the frames' },
];

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
      <h3>Everywhere</h3>
      <dl>
        {SHORTCUTS.map(({ key, does }) => (
          <div key={key}>
            <dt>
              {key === key.toLowerCase() ? (
                <kbd>{key.toUpperCase()}</kbd>
              ) : (
                <>
                  <kbd>Shift</kbd> <kbd>{key}</kbd>
                </>
              )}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h3>On the square and on the frames</h3>
      <dl>
        {IN_PLACE.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
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
