/** The recordings of a release, each by one of its frames. */
import { useCallback, useState } from 'preact/hooks';
import * as calls from '../api/dataset.js';
import { usePages } from '../shared/usePages.js';
import { LABELS, PROBES, nameOf } from '../shared/terms.js';
import { frameUrl } from './frameUrl.js';
import { ItemDialog } from './ItemDialog.jsx';

/** @typedef {import('../api/dataset.js').Item} Item */

/** @param {{number: number}} props */
export function Items({ number }) {
  const [filters, setFilters] = useState({ label: '', probe: '' });
  const [open, setOpen] = useState(/** @type {Item | null} */ (null));
  const fetchPage = useCallback(
    (/** @type {string | null} */ cursor) => calls.releaseItems(number, filters, cursor),
    [number, filters],
  );
  const { items, problem, hasMore, more } = usePages(fetchPage);
  return (
    <section class="flow" aria-labelledby="items-title">
      <h2 id="items-title">Recordings</h2>
      <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label="Label"
          all="All labels"
          names={LABELS}
          value={filters.label}
          onChange={(label) => setFilters({ ...filters, label })}
        />
        <Choice
          label="Probe"
          all="Both probes"
          names={PROBES}
          value={filters.probe}
          onChange={(probe) => setFilters({ ...filters, probe })}
        />
      </form>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem}
        </p>
      )}
      {items?.length === 0 && (
        <p class="quiet">No recording in this release matches these filters.</p>
      )}
      <ul class="items" aria-label="Recordings of this release">
        {items?.map((item) => (
          <li key={item.id}>
            <button type="button" class="item" onClick={() => setOpen(item)}>
              <span class="item-picture">
                {item.withdrawn ? (
                  <span>Withdrawn</span>
                ) : (
                  <img src={frameUrl(item, Math.floor(item.frames / 2))} alt="" loading="lazy" />
                )}
              </span>
              <span class="item-words">
                <b>
                  <i class={`dot class-${item.label}`} /> {nameOf(LABELS, item.label)}
                </b>
                <span class="hint">
                  {nameOf(PROBES, item.probe)} · {item.kind}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" class="button" onClick={more}>
          Show more
        </button>
      )}
      {open && (
        <ItemDialog key={open.id} number={number} item={open} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

/**
 * @param {{
 *   label: string,
 *   all: string,
 *   names: Readonly<Record<string, string>>,
 *   value: string,
 *   onChange: (value: string) => void,
 * }} props
 */
function Choice({ label, all, names, value, onChange }) {
  return (
    <label>
      {label}
      <select
        class="input"
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        <option value="">{all}</option>
        {Object.entries(names).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
