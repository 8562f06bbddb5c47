/** A file on its way to the service. */
import { fileSize, timeLeft } from '../shared/format.js';
import { ProgressBar } from '../shared/ProgressBar.jsx';
import { RetryNotice } from './RetryNotice.jsx';

/** @param {{item: import('./items.js').Item}} props */
export function UploadView({ item }) {
  const { stage, sent, bytes, secondsLeft, resumesAt, problem } = item;
  const arrived = stage === 'uploading' && bytes > 0 && sent >= bytes;
  const share = stage === 'uploading' && !arrived ? sent / (bytes || 1) : null;
  const words = { waiting: 'Waiting to upload', restoring: 'Loading' };
  const state =
    words[/** @type {keyof typeof words} */ (stage)] ??
    (arrived ? 'Reading the recording' : 'Uploading');
  return (
    <div class="calm">
      <h2>{state}</h2>
      {resumesAt ? (
        <RetryNotice until={resumesAt} problem={problem} />
      ) : (
        stage !== 'waiting' && <ProgressBar label={state} share={share} />
      )}
      {stage === 'waiting' && (
        <p class="quiet">Three files upload at a time; this one starts automatically.</p>
      )}
      {stage === 'uploading' && !resumesAt && (
        <p class="quiet spread">
          <span>
            {fileSize(sent)} of {fileSize(bytes)}
          </span>
          <span>{arrived ? 'Finding the ultrasound field' : timeLeft(secondsLeft)}</span>
        </p>
      )}
    </div>
  );
}
