/** One recording in the table; drawn anew only when something about it changes. */
import { Component } from 'preact';
import { COLUMNS, isEmpty, textOf } from './fields.js';
import { baseName, duration, folderOf, fileSize } from '../shared/format.js';
import { CellEditor } from './CellEditor.jsx';

/**
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 * @typedef {import('../api/submissions.js').Vocabulary} Vocabulary
 */

/**
 * @typedef {object} Props plain values and stable functions, so that they can be compared
 * @property {Contribution} recording
 * @property {number} row
 * @property {number} active the column of the cursor, -1 where it is in another row
 * @property {number} left the first selected column; -1: none of this row
 * @property {number} right
 * @property {number} editing the column that is being edited, -1 for none
 * @property {string | null} initial what was typed to begin the edit
 * @property {Vocabulary} words
 * @property {import('./CellEditor.jsx').Done} onDone
 */

/** @extends {Component<Props>} */
export class GridRow extends Component {
  /** @param {Props} next */
  shouldComponentUpdate(next) {
    const names = /** @type {(keyof Props)[]} */ (Object.keys(next));
    return names.some((name) => next[name] !== this.props[name]);
  }

  render() {
    const { recording, row, active, left, right, editing, initial, words, onDone } = this.props;
    const marked = left >= 0 && left <= 0;
    return (
      <tr aria-rowindex={row + 2}>
        <th
          scope="row"
          role="rowheader"
          class={classOf('file', active === 0, marked)}
          tabIndex={active === 0 ? 0 : -1}
          data-at={`${row}:0`}
          aria-selected={marked}
          title={recording.file_name}
        >
          <span class="file-picture">
            {recording.preview_url && (
              <img src={recording.preview_url} alt="" loading="lazy" decoding="async" />
            )}
          </span>
          <span class="file-words">
            <span class="file-name">{baseName(recording.file_name)}</span>
            <span class="hint">{factsOf(recording)}</span>
          </span>
        </th>
        {COLUMNS.map((column, n) => {
          const at = n + 1;
          const selected = left >= 0 && left <= at && at <= right;
          const empty = isEmpty(column, recording);
          const needed = empty && words.required.includes(column.name);
          const fromAll = !empty && recording.fields_from.includes(column.name);
          const fromFile = !empty && recording.fields_from_file.includes(column.name);
          const text = needed ? 'Missing' : textOf(column, recording, words);
          return (
            <td
              key={column.name}
              role="gridcell"
              class={classOf(kindOf(needed, fromAll), active === at, selected)}
              tabIndex={active === at ? 0 : -1}
              data-at={`${row}:${at}`}
              aria-selected={selected}
              title={text.length > 14 ? text : undefined}
            >
              {editing === at ? (
                <CellEditor
                  column={column}
                  recording={recording}
                  initial={initial}
                  words={words}
                  onDone={onDone}
                />
              ) : (
                <>
                  {text}
                  {fromAll && <span class="unseen"> (default)</span>}
                  {fromFile && <span class="hint"> (from the file)</span>}
                </>
              )}
            </td>
          );
        })}
      </tr>
    );
  }
}

/** @param {boolean} needed @param {boolean} fromAll */
const kindOf = (needed, fromAll) => (needed ? 'missing' : fromAll ? 'from-all' : '');

/** @param {string} kind @param {boolean} active @param {boolean} selected */
const classOf = (kind, active, selected) =>
  ['entry', kind && `entry-${kind}`, active && 'entry-active', selected && 'entry-selected']
    .filter(Boolean)
    .join(' ');

/** @param {Contribution} recording */
const factsOf = ({ kind, duration_s, bytes, file_name }) =>
  [
    kind === 'video' && duration_s ? duration(duration_s) : 'Image',
    fileSize(bytes),
    folderOf(file_name),
  ]
    .filter(Boolean)
    .join(' · ');
