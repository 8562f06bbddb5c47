/** One recording in the tray: its picture, its name, where it stands. */
import { closeItem, deleteItem } from './deletions.js';
import { select, selectedKey } from './items.js';
import { classified, outcome } from '../shared/outcome.js';
import { CroppedPicture } from './CroppedPicture.jsx';
import { Icon } from '../shared/Icon.jsx';

/** @typedef {import('./items.js').Item} Item */

/** @param {{item: Item}} props */
export function RecordingRow({ item }) {
  const { key, name, uploadedHere, stage, recording, square } = item;
  const share = shareOf(item);
  const current = selectedKey.value === key;
  return (
    <li class={current ? 'row row-current' : 'row'}>
      <button
        type="button"
        class="row-main"
        aria-current={current ? 'true' : undefined}
        onClick={() => select(key)}
      >
        <span class="row-picture">
          {recording?.preview_url && square && (
            <CroppedPicture recording={recording} square={square} alt="" />
          )}
        </span>
        <span class="row-words">
          <span class="row-name">{name}</span>
          <span class={`row-state state-${stage}`}>{stateOf(item)}</span>
        </span>
      </button>
      <button
        type="button"
        class="button button-bare"
        aria-label={uploadedHere ? `Delete ${name}` : `Close ${name}`}
        onClick={() => (uploadedHere ? deleteItem(key) : closeItem(key))}
      >
        <Icon name="close" />
      </button>
      {share !== null && <span class="row-progress" style={{ width: `${share * 100}%` }} />}
    </li>
  );
}

/** @param {Item} item @returns {number | null} how much of what is under way is done, 0 to 1 */
function shareOf({ stage, sent, bytes, screening }) {
  if (stage === 'uploading') return bytes ? Math.min(1, sent / bytes) : 0;
  if (stage !== 'screening' || !screening) return null;
  return screening.progress.total ? screening.progress.done / screening.progress.total : 0;
}

/** @param {number} moment epoch ms */
const clock = (moment) => new Date(moment).toLocaleTimeString();

/** @param {Item} item */
function stateOf(item) {
  const { stage, resumesAt, sent, bytes, screening, wanted } = item;
  if (resumesAt) return `Waits until ${clock(resumesAt)}`;
  switch (stage) {
    case 'waiting':
      return 'Waiting to upload';
    case 'uploading':
      return sent >= bytes
        ? 'Being read'
        : `Uploading, ${Math.floor((100 * sent) / (bytes || 1))}%`;
    case 'ready':
      return wanted ? 'Will be screened' : 'Ready to screen';
    case 'starting':
    case 'restoring':
      return 'Loading';
    case 'screening':
      return screening?.status === 'running'
        ? `Frame ${screening.progress.done} of ${screening.progress.total}`
        : 'In the queue';
    case 'done':
      return screening?.result ? <Outcome result={screening.result} /> : 'Answered';
    case 'refused':
      return 'Not uploaded';
    case 'interrupted':
      return 'Upload interrupted';
    case 'failed':
      return 'Not screened';
    case 'gone':
      return 'Deleted on the service';
    default:
      return '';
  }
}

/** @param {{result: import('../api/screenings.js').Result}} props */
function Outcome({ result }) {
  const answer = classified(result);
  return (
    <>
      {answer && <span class={`dot class-${answer.label}`} />} {outcome(result)}
    </>
  );
}
