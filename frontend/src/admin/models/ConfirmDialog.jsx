/** A question before something that others will notice. */
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * @param {{
 *   title: string,
 *   words: string,
 *   yes: string,
 *   onYes: () => Promise<void>,
 *   onClose: () => void,
 * }} props
 */
export function ConfirmDialog({ title, words, yes, onYes, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  async function confirm() {
    setBusy(true);
    await onYes();
    onClose();
  }
  return (
    <dialog
      ref={dialog}
      class="help confirm"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-words"
      onClose={onClose}
    >
      <h2 id="confirm-title">{title}</h2>
      <p id="confirm-words">{words}</p>
      <div class="actions">
        <button
          type="button"
          class="button button-primary"
          disabled={busy}
          onClick={() => void confirm()}
        >
          {yes}
        </button>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
