/** Who has an account, and what each may do. */
import { useCallback, useState } from 'preact/hooks';
import * as calls from '../../api/admin.js';
import { announce } from '../../shared/announcer.js';
import { PageHeading } from '../../shared/PageHeading.jsx';
import { usePages } from '../../shared/usePages.js';
import { TableWrap } from '../../shared/TableWrap.jsx';
import { Problem } from '../../api/problem.js';
import { user } from '../../shared/session.js';
import { date } from '../../shared/format.js';
import './people.css';

/** @typedef {import('../../api/accounts.js').User} User */

/** @type {readonly [string, string][]} */
const ROLES = [
  ['contributor', 'Contributor'],
  ['reviewer', 'Reviewer'],
  ['admin', 'Admin'],
];

export default function People() {
  const [q, setQ] = useState('');
  const [error, setError] = useState(/** @type {{id: string, words: string} | null} */ (null));
  const [busy, setBusy] = useState('');
  const fetchPage = useCallback(
    (/** @type {string | null} */ cursor) => calls.people(q, cursor),
    [q],
  );
  const { items, problem, hasMore, more, change } = usePages(fetchPage);
  /** @param {User} person @param {import('../../api/schema.d.ts').PersonIn} changes */
  async function apply(person, changes) {
    setBusy(person.id);
    setError(null);
    try {
      const changed = await calls.changePerson(person.id, changes);
      change((people) => people.map((each) => (each.id === changed.id ? changed : each)));
      announce(`${changed.name}: ${changed.disabled_at ? 'disabled' : changed.role}`);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setError({ id: person.id, words: failure.detail });
      change((people) => [...people]); // the choice goes back to what it was
    } finally {
      setBusy('');
    }
  }
  return (
    <section class="page">
      <PageHeading
        title="People"
        lead="A contributor sends recordings, a reviewer also reads them, an admin also makes releases and trains models."
      />
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Name or address
          <input
            class="input"
            type="search"
            value={q}
            onInput={({ currentTarget }) => setQ(currentTarget.value)}
          />
        </label>
      </form>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {items === null && !problem && <p class="quiet">Loading…</p>}
      {items?.length === 0 && <p class="quiet">No name or address matches.</p>}
      {items && items.length > 0 && (
        <TableWrap label="People" card>
          <table class="table people">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Since</th>
                <th scope="col">Role</th>
                <th scope="col">Account</th>
              </tr>
            </thead>
            <tbody>
              {items.map((person) => (
                <Person
                  key={person.id}
                  person={person}
                  self={person.id === user.value?.id}
                  busy={busy === person.id}
                  trouble={error?.id === person.id ? error.words : ''}
                  onChange={(changes) => void apply(person, changes)}
                />
              ))}
            </tbody>
          </table>
        </TableWrap>
      )}
      {hasMore && (
        <button type="button" class="button" onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

/**
 * @param {{
 *   person: User,
 *   self: boolean,
 *   busy: boolean,
 *   trouble: string,
 *   onChange: (changes: import('../../api/schema.d.ts').PersonIn) => void,
 * }} props
 */
function Person({ person, self, busy, trouble, onChange }) {
  const disabled = person.disabled_at !== null;
  return (
    <tr class={disabled ? 'person-disabled' : ''}>
      <th scope="row">
        {person.name} {self && <span class="tag">you</span>}
        <span class="hint person-more">
          {[person.email, person.affiliation].filter(Boolean).join(' · ')}
        </span>
        {trouble && (
          <span class="notice notice-problem person-more" role="alert">
            {trouble}
          </span>
        )}
      </th>
      <td class="hint person-since">{date(person.created_at)}</td>
      <td>
        <select
          class="input"
          aria-label={`Role of ${person.name}`}
          value={person.role}
          disabled={busy || disabled}
          onChange={({ currentTarget }) => {
            const role = /** @type {import('../../api/accounts.js').Role} */ (currentTarget.value);
            currentTarget.value = person.role; // until the service has agreed
            onChange({ role });
          }}
        >
          {ROLES.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </td>
      <td>
        <button
          type="button"
          class="button"
          aria-label={disabled ? `Enable ${person.name}` : `Disable ${person.name}`}
          disabled={busy}
          onClick={() => onChange({ disabled: !disabled })}
        >
          {disabled ? 'Enable' : 'Disable'}
        </button>
      </td>
    </tr>
  );
}
