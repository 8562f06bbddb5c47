/** Before it is sent: what is missing, and what is there twice. */
import { check, maskText, recordings } from './draftStore.js';
import { missingFields, undecidedText } from './missingFields.js';
import { requestedCell, requestedPreview } from './requestedCell.js';
import { plural } from '../shared/format.js';
import { Icon } from '../shared/Icon.jsx';
import { Duplicates } from './Duplicates.jsx';

export function Checklist() {
  const found = check.value;
  const lacking = missingFields.value;
  if (!found || !lacking) return <p class="quiet">Checking for missing fields…</p>;
  const here = new Set(recordings.value.map(({ id }) => id));
  return (
    <>
      <UndecidedText />
      {lacking.length > 0 ? (
        <ul class="lacking" aria-label="What is missing">
          {lacking.map(({ field, title, ids }) => (
            <li key={field}>
              <Icon name="alert" />
              <span>
                <b>{title}</b> is missing for {plural(ids.length, 'recording')}.
              </span>
              <button
                type="button"
                class="button"
                aria-label={`Go to the first recording without ${title.toLowerCase()}`}
                onClick={() => (requestedCell.value = { id: ids[0], name: field })}
              >
                Go to the first
              </button>
            </li>
          ))}
        </ul>
      ) : undecidedText.value.length > 0 ? null : (
        <p class="complete">
          <Icon name="check" />
          {found.waiting > 0
            ? 'Nothing is missing in the recordings uploaded so far.'
            : 'Nothing is missing.'}
        </p>
      )}
      {found.waiting > 0 && (
        <p class="quiet">{plural(found.waiting, 'file is', 'files are')} still being processed.</p>
      )}
      <Duplicates
        duplicates={found.duplicates.filter(
          ({ contribution_id, other_id }) =>
            here.has(contribution_id) && (other_id === null || here.has(other_id)),
        )}
      />
    </>
  );
}

/** Text in the pictures that may name a person: it has to be masked or kept. */
function UndecidedText() {
  const ids = undecidedText.value;
  if (ids.length === 0) return null;
  return (
    <ul class="lacking" aria-label="Text in the pictures">
      <li>
        <Icon name="alert" />
        <span>
          <b>Text that may name a person</b> is in the picture of {plural(ids.length, 'recording')}.
          Mask it, or keep what tells of nobody.
        </span>
        <button type="button" class="button" onClick={() => (requestedPreview.value = ids[0])}>
          Look at the first
        </button>
        <button type="button" class="button" onClick={() => void maskText()}>
          Mask all
        </button>
      </li>
    </ul>
  );
}
