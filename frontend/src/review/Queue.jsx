/** The recordings that wait for a verdict, and what is picked from them. */
import { LABELS, PROBES, nameOf } from '../shared/terms.js';
import { plural } from '../shared/format.js';
import { useNow } from '../shared/useNow.js';

/** @typedef {import('../api/reviews.js').Filters} Filters */

/** @type {readonly [string, string][]} */
const AGES = [
  ['', 'Any age'],
  ['24', 'Older than a day'],
  ['72', 'Older than 3 days'],
  ['168', 'Older than a week'],
];

/** @type {Filters} */
export const NO_FILTERS = {
  label: '',
  source: '',
  probe: '',
  older_than_h: '',
  disputed: false,
  order: '',
};

/** @type {readonly [string, string][]} */
const ORDERS = [
  ['', 'What waits longest'],
  ['models_disagree', 'Where the models disagree'],
  ['signs_disagree', 'Where signs and class disagree'],
];

/**
 * @param {{
 *   items: import('../api/reviews.js').Contribution[] | null,
 *   more: boolean,
 *   total: number | null,
 *   filters: Filters,
 *   busy: boolean,
 *   onFilters: (filters: Filters) => void,
 *   onNext: () => void,
 *   onOpen: (id: string) => void,
 *   onMore: () => void,
 * }} props
 */
export function Queue({ items, more, total, filters, busy, onFilters, onNext, onOpen, onMore }) {
  const filtered = JSON.stringify({ ...filters, order: '' }) !== JSON.stringify(NO_FILTERS);
  return (
    <div class="queue">
      <QueueFilters filters={filters} onChange={onFilters} />
      {items === null && <p class="quiet">Loading…</p>}
      {items?.length === 0 && <Empty filtered={filtered} onAll={() => onFilters(NO_FILTERS)} />}
      {items && items.length > 0 && (
        <>
          <div class="actions queue-start">
            <button
              type="button"
              class="button button-primary button-large"
              disabled={busy || !items.some(isFree)}
              onClick={onNext}
            >
              Review the next <kbd>N</kbd>
            </button>
            <p class="quiet" role="status">
              {plural(total ?? items.length, 'recording')}
              {total === null && more ? ' and more' : ''}{' '}
              {filtered ? 'matching the filters' : 'in the queue'}
              {!items.some(isFree) && '; all are being prepared or claimed by others'}
            </p>
          </div>
          <Items items={items} onOpen={onOpen} />
          {more && (
            <button type="button" class="button" onClick={onMore}>
              Show more
            </button>
          )}
        </>
      )}
    </div>
  );
}

/** @param {import('../api/reviews.js').Contribution} item */
const isFree = ({ prepared, claimed_until, claimed_by_me }) =>
  prepared && (claimed_until === null || claimed_by_me);

/** @param {{filters: Filters, onChange: (filters: Filters) => void}} props */
function QueueFilters({ filters, onChange }) {
  /** @param {Partial<Filters>} changes */
  const set = (changes) => onChange({ ...filters, ...changes });
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        Label
        <select
          class="input"
          value={filters.label}
          onChange={({ currentTarget }) => set({ label: currentTarget.value })}
        >
          <option value="">All labels</option>
          {Object.entries(LABELS).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Probe
        <select
          class="input"
          value={filters.probe}
          onChange={({ currentTarget }) => set({ probe: currentTarget.value })}
        >
          <option value="">Both probes</option>
          {Object.entries(PROBES).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Sent
        <select
          class="input"
          value={filters.older_than_h}
          onChange={({ currentTarget }) => set({ older_than_h: currentTarget.value })}
        >
          {AGES.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Source
        <input
          class="input"
          type="search"
          value={filters.source}
          onChange={({ currentTarget }) => set({ source: currentTarget.value.trim() })}
        />
      </label>
      <label>
        First
        <select
          class="input"
          value={filters.order}
          onChange={({ currentTarget }) => set({ order: currentTarget.value })}
        >
          {ORDERS.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={filters.disputed}
          onChange={({ currentTarget }) => set({ disputed: currentTarget.checked })}
        />
        Only where reviewers disagree
      </label>
    </form>
  );
}

/**
 * @param {{items: import('../api/reviews.js').Contribution[], onOpen: (id: string) => void}} props
 */
function Items({ items, onOpen }) {
  const now = useNow(true);
  return (
    <ol class="queue-items" aria-label="Queue">
      {items.map((item) => (
        <li key={item.id}>
          <button type="button" class="queue-item" onClick={() => onOpen(item.id)}>
            <span class="queue-picture">
              {item.preview_url && <img src={item.preview_url} alt="" loading="lazy" />}
            </span>
            <span class="queue-words">
              <span class="queue-label">
                <i class={`dot class-${item.label}`} /> {nameOf(LABELS, item.label) || 'No label'}
              </span>
              <span class="hint">
                {[nameOf(PROBES, item.probe), item.kind, item.source].filter(Boolean).join(' · ')}
              </span>
            </span>
            <span class="hint queue-age">
              {item.disputed && <b class="tag">Reviewers disagree</b>}{' '}
              {!item.prepared && <b class="tag">Being prepared</b>}{' '}
              {item.claimed_by_me && <b class="tag">Claimed by you</b>}{' '}
              {item.claimed_until && !item.claimed_by_me && (
                <b class="tag">Claimed by another reviewer</b>
              )}{' '}
              {item.submitted_at && ago(item.submitted_at, now)}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** @param {{filtered: boolean, onAll: () => void}} props */
function Empty({ filtered, onAll }) {
  if (filtered) {
    return (
      <div class="empty">
        <h2>Nothing matches these filters</h2>
        <p class="quiet">There may be others in the queue.</p>
        <button type="button" class="button" onClick={onAll}>
          Show all
        </button>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>The queue is empty</h2>
      <p class="quiet">
        There is nothing for you to review: every recording is decided, already reviewed by you, or
        claimed by another reviewer. Your own contributions are reviewed by others. This page checks
        again every 30 seconds.
      </p>
    </div>
  );
}

/**
 * How long ago, in the largest unit that fits.
 * @param {string} iso
 * @param {number} now epoch milliseconds
 */
export function ago(iso, now) {
  const minutes = Math.floor((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${plural(minutes, 'minute')} ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${plural(hours, 'hour')} ago`;
  return `${plural(Math.floor(hours / 24), 'day')} ago`;
}
