/** What a CSV beside the recordings may say. */
import { useState } from 'preact/hooks';
import { vocabulary } from './vocabulary.js';
import { copy } from '../shared/clipboard.js';

export function ManifestHelp() {
  const [copied, setCopied] = useState('');
  const columns = vocabulary.value?.manifest_columns ?? [];
  const header = columns.map(({ name }) => name).join(',');
  const onCopy = () =>
    copy(header).then(
      () => setCopied('Copied.'),
      () => setCopied('The browser did not allow copying.'),
    );
  return (
    <details class="fold manifest-help">
      <summary>A CSV that fills the table</summary>
      <p>
        One row a file, the first line names the columns; the public dataset’s own CSV is taken as
        it is. A row that cannot be used is named with its reason, the others count.
      </p>
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">What it says</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(({ name, about }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{about}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="actions">
        <button type="button" class="button" onClick={onCopy}>
          Copy the first line
        </button>
        <span role="status">{copied}</span>
      </p>
    </details>
  );
}
