/** The chance to take a deletion back, for the few seconds before the service is told. */
import { pending, undo } from './deletions.js';
import { UndoNote } from '../shared/UndoNote.jsx';

export function UndoBar() {
  const last = pending.value.at(-1);
  if (!last) return null;
  return (
    <UndoNote label="Deleted" onUndo={undo}>
      Deleted <b>{last.item.name}</b>
    </UndoNote>
  );
}
