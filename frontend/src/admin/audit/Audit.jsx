/** The audit log: who did what to what, newest first. */
import { useCallback, useState } from 'preact/hooks';
import * as calls from '../../api/admin.js';
import { PageHeading } from '../../shared/PageHeading.jsx';
import { usePages } from '../../shared/usePages.js';
import { TableWrap } from '../../shared/TableWrap.jsx';
import { dateTime } from '../../shared/format.js';
import './audit.css';

/**
 * @typedef {import('../../api/admin.js').AuditFilters} AuditFilters
 * @typedef {import('../../api/admin.js').AuditEvent} AuditEvent
 */

/** @type {AuditFilters} */
const NO_FILTERS = { action: '', actor: '', subject: '', since: '' };

export default function Audit() {
  const [filters, setFilters] = useState(NO_FILTERS);
  const fetchPage = useCallback(
    (/** @type {string | null} */ cursor) => calls.audit(filters, cursor),
    [filters],
  );
  const { items, problem, hasMore, more } = usePages(fetchPage);
  return (
    <section class="page">
      <PageHeading
        title="Audit log"
        lead="Every action, by whom and when. Entries are never changed."
      >
        <a class="button" href={calls.auditCsvUrl(filters)} download>
          Export as CSV
        </a>
      </PageHeading>
      <Filters filters={filters} onChange={setFilters} />
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {items === null && !problem && <p class="quiet">Loading…</p>}
      {items?.length === 0 && <p class="quiet">Nothing matches these filters.</p>}
      {items && items.length > 0 && (
        <Events events={items} onOnly={(changes) => setFilters({ ...filters, ...changes })} />
      )}
      {hasMore && (
        <button type="button" class="button" onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

/** @type {readonly {name: keyof AuditFilters, label: string, hint: string}[]} */
const FIELDS = [
  { name: 'action', label: 'Action', hint: 'for example reviews.approved' },
  { name: 'actor', label: 'Person', hint: 'an id' },
  { name: 'subject', label: 'About', hint: 'an id' },
];

/** @param {{filters: AuditFilters, onChange: (filters: AuditFilters) => void}} props */
function Filters({ filters, onChange }) {
  const any = Object.values(filters).some(Boolean);
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {FIELDS.map(({ name, label, hint }) => (
        <label key={name}>
          {label}
          <input
            class="input"
            type="search"
            placeholder={hint}
            value={filters[name]}
            onChange={({ currentTarget }) =>
              onChange({ ...filters, [name]: currentTarget.value.trim() })
            }
          />
        </label>
      ))}
      <label>
        Since
        <input
          class="input"
          type="date"
          value={filters.since.slice(0, 10)}
          onChange={({ currentTarget: { value } }) =>
            onChange({ ...filters, since: value && new Date(`${value}T00:00`).toISOString() })
          }
        />
      </label>
      {any && (
        <button type="button" class="button button-quiet" onClick={() => onChange(NO_FILTERS)}>
          Show all
        </button>
      )}
    </form>
  );
}

/**
 * @param {{events: AuditEvent[], onOnly: (changes: Partial<AuditFilters>) => void}} props
 */
function Events({ events, onOnly }) {
  return (
    <TableWrap label="Events" card>
      <table class="table audit">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">Action</th>
            <th scope="col">About</th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td>{dateTime(event.at)}</td>
              <td>
                {event.actor_id ? (
                  <Only
                    title="Only this person"
                    onClick={() => onOnly({ actor: event.actor_id ?? '' })}
                  >
                    {event.actor_name ?? short(event.actor_id)}
                  </Only>
                ) : null}{' '}
                <span class="hint">{event.actor_role}</span>
              </td>
              <td>
                <Only title="Only this action" onClick={() => onOnly({ action: event.action })}>
                  {event.action}
                </Only>
              </td>
              <td>
                {event.subject_kind}{' '}
                <Only title="Only about this" onClick={() => onOnly({ subject: event.subject_id })}>
                  {short(event.subject_id)}
                </Only>
              </td>
              <td class="audit-detail">{written(event.detail)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableWrap>
  );
}

/**
 * @param {{
 *   title: string,
 *   onClick: () => void,
 *   children: import('preact').ComponentChildren,
 * }} props
 */
function Only({ title, onClick, children }) {
  return (
    <button type="button" class="link" title={title} onClick={onClick}>
      {children}
    </button>
  );
}

/** @param {string} id */
const short = (id) => (id.length > 12 ? `${id.slice(0, 8)}…` : id);

/** @param {Record<string, unknown>} detail */
const written = (detail) =>
  Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
