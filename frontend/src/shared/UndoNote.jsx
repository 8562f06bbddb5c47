/** What was just taken away, and the chance to take that back. */

/**
 * @param {{
 *   label: string,
 *   children: import('preact').ComponentChildren,
 *   onUndo: () => void,
 * }} props
 */
export function UndoNote({ label, children, onUndo }) {
  return (
    <div class="undo" role="region" aria-label={label}>
      <p>{children}</p>
      <button type="button" class="button button-inverse" onClick={onUndo}>
        Undo
      </button>
    </div>
  );
}
