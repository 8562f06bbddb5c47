/** What became of the rows of a CSV: those that cannot be used, each with its reason. */
import { check, files } from '../../contribute/desk.js';
import { plural } from '../../words.js';

export function ManifestReport() {
  const lists = files.value.filter(({ kind, state }) => kind === 'manifest' && state === 'done');
  const waiting = check.value?.manifest ?? null;
  return (
    <>
      {lists.map(({ id, file_name, report }) => (
        <Report key={id} name={file_name} rows={report} waiting={waiting} />
      ))}
    </>
  );
}

/**
 * @param {{
 *   name: string,
 *   rows: readonly import('../../contribute/shapes.js').Row[],
 *   waiting: readonly import('../../contribute/shapes.js').Row[] | null,
 * }} props `waiting`: rows that have found no file so far; null while not known
 */
function Report({ name, rows, waiting }) {
  const without = new Set((waiting ?? []).map(({ file_name }) => file_name));
  // A row whose file has come since is no problem any more.
  const bad = rows.filter(
    ({ problem, file_name }) =>
      problem && (!isOfMissingFile(problem) || waiting === null || without.has(file_name)),
  );
  const good =
    rows.filter(({ line }) => line > 1).length - bad.filter(({ line }) => line > 1).length;
  if (bad.length === 0) {
    return (
      <p class="notice">
        <b>{name}</b>: {plural(good, 'row')} used.
      </p>
    );
  }
  return (
    <details class="notice notice-problem report" open={bad.length <= 10}>
      <summary>
        <b>{name}</b>: {plural(good, 'row')} used, {plural(bad.length, 'problem')}
      </summary>
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">File</th>
              <th scope="col">Problem</th>
            </tr>
          </thead>
          <tbody>
            {bad.map(({ line, file_name, problem }, n) => (
              <tr key={n}>
                <td>{line}</td>
                <th scope="row">{file_name || '–'}</th>
                <td>{problem}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** @param {string} problem */
const isOfMissingFile = (problem) => problem.startsWith('No file of this name');
