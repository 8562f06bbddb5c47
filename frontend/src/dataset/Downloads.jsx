/** What can be taken home of a release, and how large it is. */
import { Icon } from '../shared/Icon.jsx';
import { fileSize } from '../shared/format.js';

/** @param {{release: import('../api/dataset.js').Release}} props */
export function Downloads({ release }) {
  const bytes = (/** @type {string} */ name) =>
    release.files.find((file) => file.name === name)?.bytes ?? null;
  const links = [
    {
      href: release.archive_url,
      name: 'Archive',
      what: 'ZIP, everything; downloads can be resumed',
      bytes: release.archive_bytes,
    },
    {
      href: release.csv_url,
      name: 'Table',
      what: 'CSV, a row for each recording',
      bytes: bytes('dataset_metadata.csv'),
    },
    {
      href: release.croissant_url,
      name: 'Croissant',
      what: 'JSON, the description for programs',
      bytes: bytes('croissant.json'),
    },
  ];
  return (
    <ul class="downloads">
      {links.map(({ href, name, what, bytes: length }) => (
        <li key={name}>
          <a href={href} download>
            <Icon name="download" />
            <span>
              <b>{name}</b>
              {length !== null && <span> {fileSize(length)}</span>}
              <span class="hint">{what}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
