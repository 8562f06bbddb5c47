/** One recording, large: its first picture, what the file is, and the text in it. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { RecordingNotes } from '../shared/RecordingNotes.jsx';
import { recordingFacts } from '../shared/recordingFacts.js';
import { TextDecisions, TextOverlay } from '../shared/TextOverlay.jsx';
import { decideText } from './draftStore.js';

/**
 * @param {{
 *   recording: import('../api/submissions.js').Contribution,
 *   onClose: () => void,
 * }} props
 */
export function PreviewDialog({ recording, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const boxes = recording.text_boxes ?? [];
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
        <div class="stage text-picture">
          <img src={recording.preview_url} alt="The recording's first frame" />
          <TextOverlay boxes={boxes} picture={recording} />
        </div>
      )}
      <ul class="facts">
        {recordingFacts(recording).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <RecordingNotes notes={recording.notes} />
      {boxes.length > 0 && (
        <section aria-label="Text in the picture">
          <p>
            What is masked is black in every picture of the dataset. Outside the square everything
            is.
          </p>
          <TextDecisions
            boxes={boxes}
            onDecide={(place, decision) => void decideText(recording.id, place, decision)}
          />
        </section>
      )}
    </dialog>
  );
}
