/** A step that cannot be taken back, or not easily: asked for once more, where the button was. */
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * @param {{
 *   action: string,
 *   label?: string,
 *   question: string,
 *   yes: string,
 *   no?: string,
 *   onYes: () => unknown,
 *   kind?: string,
 * }} props `action`: what the button says, `label`: for those who do not see what it stands beside;
 *   `kind`: further classes of the button
 */
export function ConfirmButton({ action, label, question, yes, no = 'Keep', onYes, kind = '' }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const focusNext = useRef(false);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (focusNext.current) button.current?.focus();
    focusNext.current = false;
  }, [asking]);
  /** @param {boolean} on */
  const turn = (on) => {
    focusNext.current = true;
    setAsking(on);
  };
  if (!asking) {
    return (
      <button
        ref={button}
        type="button"
        class={`button ${kind}`}
        aria-label={label}
        onClick={() => turn(true)}
      >
        {action}
      </button>
    );
  }
  const carryOut = async () => {
    setBusy(true);
    try {
      await onYes();
    } finally {
      setBusy(false);
      setAsking(false);
    }
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    turn(false);
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Esc is "no"
    <div class="confirm" role="group" aria-label={question} onKeyDown={onKeyDown}>
      <span>{question}</span>
      <button
        ref={button}
        type="button"
        class="button button-caution"
        disabled={busy}
        onClick={carryOut}
      >
        {yes}
      </button>
      <button type="button" class="button" disabled={busy} onClick={() => turn(false)}>
        {no}
      </button>
    </div>
  );
}
