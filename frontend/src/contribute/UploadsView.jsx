/** Files on their way: the total with its time left, those that move, and those that did not go. */
import { beingRead, files, forgetFile } from './draftStore.js';
import { cancel, retry, secondsLeft, uploads } from './uploads.js';
import { advice, mayPass, whyItWaits } from '../api/problem.js';
import { plural, fileSize, timeLeft } from '../shared/format.js';
import { ProgressBar } from '../shared/ProgressBar.jsx';

/** @typedef {import('./uploads.js').Upload} Sending */
/** @typedef {import('../api/submissions.js').SentFile} SentFile */

/** @param {{submissionId: string}} props */
export function UploadsView({ submissionId }) {
  const ownUploads = uploads.value.filter((each) => each.submissionId === submissionId);
  const going = ownUploads.filter(({ stage }) => stage !== 'refused');
  const arrived = going.filter(({ stage }) => stage === 'arrived').length;
  const moving = ownUploads.filter(({ stage }) => stage === 'sending' || stage === 'paused');
  const refused = ownUploads.filter(({ stage }) => stage === 'refused');
  const failed = files.value.filter(({ state }) => state === 'failed');
  const archives = files.value.filter(
    ({ state, kind, total }) => state === 'running' && (kind === 'archive' || total > 0),
  );
  const underWay = arrived < going.length;
  if (!underWay && refused.length + failed.length + beingRead.value === 0) return null;
  const bytes = going.reduce((sum, each) => sum + each.bytes, 0);
  const sent = going.reduce((sum, each) => sum + each.sent, 0);
  return (
    <section class="card sending" aria-labelledby="sending-title">
      {underWay && (
        <>
          <h2 id="sending-title">
            {arrived} of {plural(going.length, 'file')} sent
          </h2>
          <ProgressBar label="All files" share={bytes ? sent / bytes : 0} />
          <p class="quiet spread">
            <span>
              {fileSize(sent)} of {fileSize(bytes)}
            </span>
            <span>{timeLeft(secondsLeft.value)}</span>
          </p>
          <ul class="upload-rows" aria-label="Uploading now">
            {moving.map((each) => (
              <UploadRow key={each.key} sending={each} />
            ))}
          </ul>
        </>
      )}
      {beingRead.value > 0 && (
        <p role="status">
          {!underWay && (
            <b id="sending-title">{plural(beingRead.value, 'file')} being processed. </b>
          )}
          {underWay && `${plural(beingRead.value, 'file')} being processed. `}
          {archives.map(({ id, file_name, done, total }) => (
            <span key={id}>
              {file_name}: {done} of {total} files.{' '}
            </span>
          ))}
        </p>
      )}
      {refused.length + failed.length > 0 && (
        <div class="refused">
          <h3 id={underWay || beingRead.value > 0 ? undefined : 'sending-title'}>
            {plural(refused.length + failed.length, 'file')} not accepted
          </h3>
          <ul aria-label="Files that were not accepted">
            {refused.map((each) => (
              <Refused key={each.key} sending={each} />
            ))}
            {failed.map((each) => (
              <Failed key={each.id} file={each} />
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

/** @param {{sending: Sending}} props */
function UploadRow({ sending: { key, path, stage, sent, bytes, problem } }) {
  return (
    <li>
      <span class="upload-name">{path}</span>
      <ProgressBar label={path} share={bytes ? sent / bytes : 0} />
      <span class="hint">
        {stage === 'paused'
          ? `${problem?.status === 401 ? 'Paused until you sign in.' : whyItWaits(problem)} It continues automatically.`
          : `${fileSize(sent)} of ${fileSize(bytes)}`}
      </span>
      <button
        type="button"
        class="button button-quiet"
        aria-label={`Do not send ${path}`}
        onClick={() => cancel(key)}
      >
        Cancel
      </button>
    </li>
  );
}

/** @param {{sending: Sending}} props */
function Refused({ sending: { key, path, problem } }) {
  return (
    <li>
      <div>
        <b>{path}</b>
        <p>
          {problem?.detail} {problem && advice(problem)}
        </p>
      </div>
      <span class="actions">
        {problem && mayPass(problem) && (
          <button
            type="button"
            class="button"
            aria-label={`Try ${path} again`}
            onClick={() => retry(key)}
          >
            Try again
          </button>
        )}
        <button
          type="button"
          class="button button-quiet"
          aria-label={`Remove ${path} from the list`}
          onClick={() => cancel(key)}
        >
          Remove
        </button>
      </span>
    </li>
  );
}

/** @param {{file: SentFile}} props */
function Failed({ file: { id, file_name, error } }) {
  return (
    <li>
      <div>
        <b>{file_name}</b>
        <p>
          {error?.message} {error && advice(error)}
        </p>
      </div>
      <button
        type="button"
        class="button button-quiet"
        aria-label={`Remove ${file_name} from the list`}
        onClick={() => void forgetFile(id)}
      >
        Remove
      </button>
    </li>
  );
}
