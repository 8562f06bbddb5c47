/** The chance to take a deletion back, for the few seconds before the service is told. */
import { pending, undo } from '../deletions.js';

export function UndoBar() {
  const last = pending.value.at(-1);
  if (!last) return null;
  return (
    <div class="undo" role="region" aria-label="Deleted">
      <p>
        Deleted <b>{last.item.name}</b>
      </p>
      <button type="button" class="button button-inverse" onClick={undo}>
        Undo
      </button>
    </div>
  );
}
