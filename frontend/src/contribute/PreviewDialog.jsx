/** One recording, large: its first picture and what the file is. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RecordingNotes } from '../shared/RecordingNotes.jsx';
import { recordingFacts } from '../shared/recordingFacts.js';

/**
 * @param {{
 *   recording: import('../api/submissions.js').Contribution,
 *   onClose: () => void,
 * }} props
 */
export function PreviewDialog({ recording, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="help preview-dialog"
      aria-labelledby="preview-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id="preview-title">{recording.file_name}</h2>
        <button type="button" class="button button-round" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      {recording.preview_url && (
        <img class="stage" src={recording.preview_url} alt="The recording's first frame" />
      )}
      <ul class="facts">
        {recordingFacts(recording).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <RecordingNotes notes={recording.notes} />
    </dialog>
  );
}
