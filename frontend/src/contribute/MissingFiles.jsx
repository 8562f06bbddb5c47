/** After a reload: which files have not arrived yet, and so are to be added again. */
import { useState } from 'preact/hooks';
import { files, forgetFile } from './draftStore.js';
import { isSameFile, savePending, readPending } from './pendingFiles.js';
import { uploads } from './uploads.js';
import { plural, fileSize } from '../shared/format.js';
import { ConfirmButton } from '../shared/ConfirmButton.jsx';

const SHOWN = 8;

/** @param {{submissionId: string}} props */
export function MissingFiles({ submissionId }) {
  const [, redraw] = useState(0);
  const missing = filesMissing(submissionId);
  if (missing.length === 0) return null;
  const forget = () => {
    savePending(submissionId, []);
    for (const { id } of missing) if (id) void forgetFile(id);
    redraw((n) => n + 1);
  };
  return (
    <section class="notice missing-files" aria-labelledby="missing-title">
      <h2 id="missing-title">
        {missing.length === 1 ? 'One file has' : `${missing.length} files have`} not been uploaded
      </h2>
      <p>
        A web page cannot reopen files on its own. Add {missing.length === 1 ? 'it' : 'them'} again,
        or the whole folder: files that were uploaded are not sent twice, and partial uploads resume
        where they stopped.
      </p>
      <ul>
        {missing.slice(0, SHOWN).map(({ path, bytes, received }) => (
          <li key={path}>
            <b>{path}</b>{' '}
            <span class="quiet">
              {received > 0
                ? `${fileSize(received)} of ${fileSize(bytes)} uploaded`
                : fileSize(bytes)}
            </span>
          </li>
        ))}
      </ul>
      {missing.length > SHOWN && (
        <details>
          <summary>and {missing.length - SHOWN} more</summary>
          <ul>
            {missing.slice(SHOWN).map(({ path }) => (
              <li key={path}>{path}</li>
            ))}
          </ul>
        </details>
      )}
      <ConfirmButton
        action="Leave them out"
        question={`${plural(missing.length, 'file')} will not be part of this submission.`}
        yes="Leave them out"
        onYes={forget}
      />
    </section>
  );
}

/**
 * @param {string} submissionId
 * @returns {{path: string, bytes: number, received: number, id: string | null}[]}
 */
function filesMissing(submissionId) {
  const ownUploads = uploads.value.filter((each) => each.submissionId === submissionId);
  const begun = files.value
    .filter(({ state }) => state === 'receiving')
    .map(({ id, file_name, bytes, received }) => ({ id, path: file_name, bytes, received }));
  const there = files.value.map(({ file_name, bytes }) => ({ path: file_name, bytes }));
  const noted = readPending(submissionId)
    .filter((note) => !there.some((each) => isSameFile(each, note)))
    .map((note) => ({ ...note, received: 0, id: null }));
  return [...begun, ...noted].filter((each) => !ownUploads.some((one) => isSameFile(one, each)));
}
