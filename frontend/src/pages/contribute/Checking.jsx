/** Before it is sent: what is missing, and what is there twice. */
import { check, recordings } from '../../contribute/desk.js';
import { COLUMNS } from '../../contribute/fields.js';
import { pointed } from '../../contribute/pointing.js';
import { plural } from '../../words.js';
import { Icon } from '../../parts/Icon.jsx';
import { Duplicates } from './Duplicates.jsx';

/** @typedef {import('../../contribute/shapes.js').Check} Check */

export function Checking() {
  const found = check.value;
  if (!found) return <p class="quiet">Checking what is missing …</p>;
  const here = new Set(recordings.value.map(({ id }) => id));
  const lacking = grouped(found.problems, here);
  return (
    <>
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
                onClick={() => (pointed.value = { id: ids[0], name: field })}
              >
                Go to the first
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="complete">
          <Icon name="check" />
          Nothing is missing.
        </p>
      )}
      {found.waiting > 0 && (
        <p class="quiet">{plural(found.waiting, 'file is', 'files are')} still on the way.</p>
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

/**
 * @param {Check['problems']} problems
 * @param {ReadonlySet<string>} here
 * @returns {{field: string, title: string, ids: string[]}[]} by field, in the order of the columns
 */
function grouped(problems, here) {
  return COLUMNS.map(({ name, title }) => ({
    field: name,
    title,
    ids: problems
      .filter(({ field, contribution_id }) => field === name && here.has(contribution_id ?? ''))
      .map(({ contribution_id }) => /** @type {string} */ (contribution_id)),
  })).filter(({ ids }) => ids.length > 0);
}
