/** Recordings that are there twice, or nearly: both side by side, and the choice to remove one. */
import { useState } from 'preact/hooks';
import { recordings } from './draftStore.js';
import { remove } from './removals.js';
import { baseName, plural } from '../shared/format.js';

/**
 * @typedef {import('../api/submissions.js').Duplicate} Duplicate
 * @typedef {import('../api/submissions.js').Contribution} Contribution
 */

const SHOWN = 4;

const ELSEWHERE = {
  batch: '',
  dataset: 'Already in the dataset',
  queue: 'Already submitted and waiting for review',
};

/** @param {{duplicates: readonly Duplicate[]}} props */
export function Duplicates({ duplicates }) {
  const [kept, setKept] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [all, setAll] = useState(false);
  const open = duplicates.filter((each) => !kept.has(keyOf(each)));
  if (open.length === 0) return null;
  const copies = new Set(
    open.filter(({ kind }) => kind === 'exact').map(({ contribution_id }) => contribution_id),
  );
  const concerned = new Set(open.map(({ contribution_id }) => contribution_id));
  const shown = all ? open : open.slice(0, SHOWN);
  return (
    <section class="duplicates" aria-labelledby="duplicates-title">
      <header class="spread">
        <h3 id="duplicates-title">{plural(concerned.size, 'recording')} may be duplicates</h3>
        {copies.size > 1 && (
          <button
            type="button"
            class="button"
            onClick={() => remove(recordings.value.filter(({ id }) => copies.has(id)))}
          >
            Remove all {copies.size} exact copies
          </button>
        )}
      </header>
      <ul>
        {shown.map((each) => (
          <Pair
            key={keyOf(each)}
            duplicate={each}
            onKeep={() => setKept(new Set([...kept, keyOf(each)]))}
          />
        ))}
      </ul>
      {open.length > shown.length && (
        <button type="button" class="button" onClick={() => setAll(true)}>
          Show {open.length - shown.length} more
        </button>
      )}
    </section>
  );
}

/** @param {Duplicate} duplicate */
const keyOf = ({ contribution_id, of, other_id }) => `${contribution_id} ${of} ${other_id}`;

/** @param {{duplicate: Duplicate, onKeep: () => void}} props */
function Pair({ duplicate: { contribution_id, other_id, of, kind }, onKeep }) {
  const find = (/** @type {string | null} */ wanted) =>
    recordings.value.find(({ id }) => id === wanted);
  const [recording, other] = [find(contribution_id), find(other_id)];
  if (!recording) return null;
  return (
    <li class="pair">
      <p>
        {kind === 'exact' ? 'The same file' : 'Nearly identical images'}
        {of !== 'batch' && `. ${ELSEWHERE[of]}.`}
      </p>
      <div class="pair-pictures">
        <Side recording={recording} />
        {other ? (
          <Side recording={other} />
        ) : (
          <p class="pair-else quiet">{ELSEWHERE[of] || 'Removed'}</p>
        )}
      </div>
      <div class="actions">
        <button
          type="button"
          class="button"
          aria-label={`Remove ${recording.file_name}`}
          onClick={() => remove([recording])}
        >
          Remove {shortName(recording)}
        </button>
        <button type="button" class="button button-quiet" onClick={onKeep}>
          Keep {other ? 'both' : 'it'}
        </button>
      </div>
    </li>
  );
}

/** @param {{recording: Contribution}} props */
function Side({ recording }) {
  const { file_name, preview_url } = recording;
  return (
    <figure>
      {preview_url && <img src={preview_url} alt={`First frame of ${file_name}`} loading="lazy" />}
      <figcaption title={file_name}>{shortName(recording)}</figcaption>
    </figure>
  );
}

/**
 * A file's name; with its folders where others have the same, as on DICOM discs.
 * @param {Contribution} recording
 */
function shortName({ id, file_name }) {
  const name = baseName(file_name);
  const others = recordings.value.filter((each) => each.id !== id);
  return others.some((each) => baseName(each.file_name) === name) ? file_name : name;
}
