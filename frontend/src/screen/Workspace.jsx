/** The recording that is looked at: what can be done with it now. */
import { useEffect, useRef } from 'preact/hooks';
import { deleteItem } from './deletions.js';
import { RecordingNotes } from '../shared/RecordingNotes.jsx';
import { recordingFacts } from '../shared/recordingFacts.js';
import { CropView } from './CropView.jsx';
import { Icon } from '../shared/Icon.jsx';
import { ResultView } from './ResultView.jsx';
import { RunningView } from './RunningView.jsx';
import { FailedView, GoneView, InterruptedView, RefusedView } from './ProblemViews.jsx';
import { UploadView } from './UploadView.jsx';

/** @typedef {import('./items.js').Item} Item */

/** @param {{item: Item}} props */
export function Workspace({ item }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    // A narrow screen is often scrolled to where the last button was: begin at the top again.
    heading.current?.scrollIntoView?.({ block: 'nearest' });
    // Whatever had the focus may have gone away with the state before.
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [item.stage, item.adjusting]);
  const removal = item.recordingId ? 'Delete' : 'Remove';
  return (
    <section class="work" aria-labelledby="work-title">
      <header class="work-head">
        <h1 id="work-title" ref={heading} tabIndex={-1}>
          {item.name}
        </h1>
        <button
          type="button"
          class="button button-quiet fold-words"
          aria-label={removal}
          onClick={() => deleteItem(item.key)}
        >
          <Icon name="trash" />
          <span class="words">{removal}</span>
        </button>
        {item.recording && (
          <ul class="facts">
            {recordingFacts(item.recording).map((fact) => (
              <li key={fact}>{fact}</li>
            ))}
          </ul>
        )}
        {item.recording && <RecordingNotes notes={item.recording.notes} />}
      </header>
      {item.offline && (
        <p class="notice" role="status">
          The connection to the service was lost. No data is lost: this page continues as soon as it
          is back.
        </p>
      )}
      <View item={item} />
    </section>
  );
}

/** @param {{item: Item}} props */
function View({ item }) {
  if (item.adjusting) return <CropView item={item} />;
  switch (item.stage) {
    case 'ready':
      return <CropView item={item} />;
    case 'starting':
    case 'screening':
      return <RunningView item={item} />;
    case 'done':
      return <ResultView item={item} />;
    case 'failed':
      return <FailedView item={item} />;
    case 'refused':
      return <RefusedView item={item} />;
    case 'interrupted':
      return <InterruptedView item={item} />;
    case 'gone':
      return <GoneView />;
    default:
      return <UploadView item={item} />;
  }
}
