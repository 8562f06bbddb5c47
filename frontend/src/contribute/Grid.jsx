/** What is said about each recording, in a table that works like a spreadsheet. */
import { useEffect, useState } from 'preact/hooks';
import { COLUMNS } from './fields.js';
import { plural } from '../shared/format.js';
import { useShortcuts } from '../shared/useShortcuts.js';
import { BulkBar } from './BulkBar.jsx';
import { GridRow } from './GridRow.jsx';
import { PreviewDialog } from './PreviewDialog.jsx';
import { requestedPreview } from './requestedCell.js';
import { FindingsDialog } from './FindingsDialog.jsx';
import { useGrid } from './useGrid.js';

/** @typedef {import('../api/submissions.js').Contribution} Contribution */

const WIDTH = COLUMNS.reduce((sum, { width }) => sum + width, 0);

/** @type {import('../shared/shortcuts.js').Shortcut[]} */
const KEYS = [
  { keys: ['←', '→', '↑', '↓'], description: 'Go to another cell (with Ctrl: to the end)' },
  { keys: ['Shift', '↓'], description: 'Select several' },
  { keys: ['Enter', 'F2'], description: 'Edit; of several, all at once' },
  { keys: ['Esc'], description: 'Leave it as it was' },
  { keys: ['Ctrl', 'D'], description: 'Copy down' },
  { keys: ['Ctrl', 'A'], description: 'Select the whole column' },
  { keys: ['Del'], description: 'Empty the cell; on the file, remove the recording' },
  { keys: ['A', '…', 'Z'], description: 'Begin to type, or choose what begins so' },
];

/**
 * @param {{
 *   recordings: readonly Contribution[],
 *   words: import('../api/submissions.js').Vocabulary,
 * }} props
 */
export function Grid({ recordings, words }) {
  const [looking, setLooking] = useState(/** @type {Contribution | null} */ (null));
  const asked = requestedPreview.value;
  useEffect(() => {
    if (asked === null) return;
    setLooking(recordings.find(({ id }) => id === asked) ?? null);
    requestedPreview.value = null;
  }, [asked, recordings]);
  const shown = looking && recordings.find(({ id }) => id === looking.id);
  const grid = useGrid(recordings, words, setLooking);
  const { table, cursor, range, selected, column, edit, onDone, onKeyDown, mouse } = grid;
  useShortcuts('In the table', KEYS);
  const inCell = edit && column && column.kind !== 'findings' && column.kind !== 'symptoms';
  const editing = inCell ? cursor.column : -1;
  return (
    <div class="grid-whole">
      <div class="grid-wrap">
        <table
          ref={table}
          // eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- the ARIA grid pattern: cells have the focus
          role="grid"
          class="grid"
          aria-label="Recordings"
          aria-rowcount={recordings.length + 1}
          aria-colcount={COLUMNS.length + 1}
          aria-multiselectable="true"
          aria-describedby="grid-keys"
          style={{ width: `calc(${WIDTH}rem + var(--file-width))` }}
          onKeyDown={onKeyDown}
          {...mouse}
        >
          <colgroup>
            <col style={{ width: 'var(--file-width)' }} />
            {COLUMNS.map(({ name, width }) => (
              <col key={name} style={{ width: `${width}rem` }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" role="columnheader">
                File
              </th>
              {COLUMNS.map(({ name, title, hint }) => (
                <th key={name} scope="col" role="columnheader" title={hint}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {recordings.map((recording, row) => {
              const atCursor = row === cursor.row;
              const marked = row >= range.top && row <= range.bottom;
              return (
                <GridRow
                  key={recording.id}
                  recording={recording}
                  row={row}
                  active={atCursor ? cursor.column : -1}
                  left={marked ? range.left : -1}
                  right={marked ? range.right : -1}
                  editing={atCursor ? editing : -1}
                  initial={atCursor && edit ? edit.initial : null}
                  words={words}
                  onDone={onDone}
                />
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="hint keys" id="grid-keys">
        <kbd>Enter</kbd> edits, <kbd>Shift</kbd> with an arrow selects several, <kbd>Ctrl</kbd>{' '}
        <kbd>D</kbd> copies down, <kbd>?</kbd> shows all keys.
      </p>
      {selected.length > 1 && <BulkBar selected={selected} column={column} onApply={grid.apply} />}
      {edit && column && !inCell && (
        <FindingsDialog
          kind={column.kind === 'findings' ? 'findings' : 'symptoms'}
          of={selected.length > 1 ? plural(selected.length, 'recording') : selected[0].file_name}
          fields={recordings[cursor.row]}
          onDone={grid.endTicks}
        />
      )}
      {shown && (
        <PreviewDialog
          recording={shown}
          onClose={() => {
            setLooking(null);
            grid.go(cursor);
          }}
        />
      )}
    </div>
  );
}
