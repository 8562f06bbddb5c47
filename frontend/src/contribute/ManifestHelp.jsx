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
      <summary>Fill the table from a CSV file</summary>
      <p>
        One row per file; the first line names the columns. The public dataset’s own CSV works
        unchanged. Rows that cannot be used are listed with the reason; the others are applied.
      </p>
      <div class="table-wrap">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Meaning</th>
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
          Copy the header line
        </button>
        <span role="status">{copied}</span>
      </p>
    </details>
  );
}
