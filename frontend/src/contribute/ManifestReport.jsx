/** What became of the rows of a CSV: what cannot be used, each with its reason, and what to know. */
import { check, files } from './draftStore.js';
import { plural } from '../shared/format.js';

/** @typedef {import('../api/submissions.js').Row} Row */

const SHOWN = 8;

export function ManifestReport() {
  const done = files.value.filter(({ state }) => state === 'done');
  const lists = done.filter(({ kind }) => kind === 'manifest');
  const skipped = done.filter(({ kind, report }) => kind === 'archive' && report.length > 0);
  const current = check.value?.manifest ?? [];
  const missing = current.filter(({ status }) => status !== 'doubt');
  const doubts = current.filter(({ status }) => status === 'doubt');
  const loose = check.value?.loose ?? [];
  return (
    <>
      {skipped.map(({ id, file_name, report }) => (
        <p key={id} class="notice">
          <b>
            <bdi>{file_name}</bdi>
          </b>
          : {report.map(({ note }) => note).join(' ')}
        </p>
      ))}
      {lists.map(({ id, file_name, report }) => (
        <Report key={id} name={file_name} rows={report} unused={current} />
      ))}
      {doubts.length > 0 && (
        <details class="notice notice-problem report" open={doubts.length <= 10}>
          <summary>{plural(doubts.length, 'row matches', 'rows match')} no recording</summary>
          <Rows rows={doubts} />
        </details>
      )}
      {loose.length > 0 && (
        <details class="notice report" open={loose.length <= 10}>
          <summary>
            {plural(loose.length, 'row was', 'rows were')} matched to a file with a similar name:
            please check
          </summary>
          <Rows rows={loose} />
        </details>
      )}
      {missing.length > 0 && (
        <details class="notice report">
          <summary>
            {plural(missing.length, 'row names a file that is', 'rows name files that are')} not
            here
          </summary>
          <ul>
            {missing.slice(0, SHOWN).map(({ file_name }, n) => (
              <li key={n}>
                <bdi>{file_name}</bdi>
              </li>
            ))}
            {missing.length > SHOWN && <li>and {missing.length - SHOWN} more</li>}
          </ul>
        </details>
      )}
    </>
  );
}

/**
 * One table. Whether a row has found its file changes as files come, so that is not in its report.
 * @param {{name: string, rows: readonly Row[], unused: readonly Row[]}} props
 *   `unused`: rows of all tables that fill no recording as of now
 */
function Report({ name, rows, unused }) {
  const notes = rows.filter(({ line, note }) => line <= 1 && note);
  const bad = rows.filter(({ problem, status, line }) =>
    status
      ? status === 'partly' || status === 'refused'
      : problem && (line <= 1 || !problem.startsWith('No file of this name')),
  );
  const places = new Set([
    ...unused.map(placeOf),
    ...bad.filter(({ status }) => status !== 'partly').map(placeOf),
  ]);
  const good = rows.filter((row) => row.line > 1 && !places.has(placeOf(row))).length;
  const title = (
    <>
      <b>
        <bdi>{name}</bdi>
      </b>
      : {plural(good, 'row')} used
    </>
  );
  const remarks = notes.map(({ note }, n) => <p key={n}>{note}</p>);
  if (bad.length === 0) {
    return (
      <div class="notice">
        {title}.{remarks}
      </div>
    );
  }
  return (
    <details class="notice notice-problem report" open={bad.length <= 10}>
      <summary>
        {title}, {plural(bad.length, 'problem')}
      </summary>
      {remarks}
      <Rows rows={bad} />
    </details>
  );
}

/** @param {{rows: readonly Row[]}} props */
function Rows({ rows }) {
  return (
    <div class="table-wrap">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">File</th>
            <th scope="col">Remark</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, file_name, problem, note }, n) => (
            <tr key={n}>
              <td>{line}</td>
              <th scope="row">
                <bdi>{file_name || '–'}</bdi>
              </th>
              <td>{problem ?? note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** @param {Row} row */
const placeOf = ({ table, line, file_name }) => `${table ?? ''}\n${line}\n${file_name}`;
