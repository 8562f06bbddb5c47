/** The queue as the service has it, asked again while the page is open. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import * as calls from '../api/reviews.js';
import { Problem } from '../api/problem.js';

/**
 * @typedef {import('../api/reviews.js').Contribution} Contribution
 * @typedef {import('../api/reviews.js').Filters} Filters
 * @typedef {{items: Contribution[], next: string | null, total: number | null}} Page
 */

const AGAIN_MS = 30_000;
/** The same, while the service still prepares some of them. */
const SOON_MS = 3000;

/**
 * @param {Filters} filters
 * @param {boolean} shown whether anybody looks at it
 */
export function useQueue(filters, shown) {
  const [page, setPage] = useState(/** @type {Page | null} */ (null));
  const [problem, setProblem] = useState('');
  const fetchFirst = useCallback(async () => {
    try {
      const { items, next, total } = await calls.queue(filters);
      setPage({ items, next, total: total ?? null });
      setProblem('');
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }, [filters]);
  const preparing = page?.items.some(({ prepared }) => !prepared) ?? false;
  useEffect(() => {
    if (shown) void fetchFirst();
  }, [shown, fetchFirst]);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setInterval(() => void fetchFirst(), preparing ? SOON_MS : AGAIN_MS);
    return () => clearInterval(timer);
  }, [shown, preparing, fetchFirst]);
  async function fetchMore() {
    if (!page?.next) return;
    try {
      const { items, next } = await calls.queue(filters, page.next);
      setPage({ ...page, items: [...page.items, ...items], next });
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure.detail);
    }
  }
  return { page, problem, fetchMore };
}
