/** A list that the service gives in pages: the first at once, the others on request. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';

/**
 * @template T
 * @typedef {{items: T[], next: string | null}} Page
 */

/**
 * @template T
 * @param {(cursor: string | null) => Promise<Page<T>>} fetchPage asked anew when it is another one
 */
export function usePages(fetchPage) {
  const [page, setPage] = useState(/** @type {Page<T> | null} */ (null));
  const [problem, setProblem] = useState('');
  const load = useCallback(
    async (/** @type {Page<T> | null} */ before, /** @type {() => boolean} */ left) => {
      try {
        const { items, next } = await fetchPage(before?.next ?? null);
        if (left()) return;
        setPage({ items: [...(before?.items ?? []), ...items], next });
        setProblem('');
      } catch (failure) {
        if (!(failure instanceof Problem)) throw failure;
        if (!left()) setProblem(failure.detail);
      }
    },
    [fetchPage],
  );
  useEffect(() => {
    let left = false;
    void load(null, () => left);
    return () => {
      left = true;
    };
  }, [load]);
  const again = useCallback(() => load(null, () => false), [load]);
  return {
    items: page?.items ?? null,
    problem,
    hasMore: Boolean(page?.next),
    more: () => void load(page, () => false),
    again,
    /** Change what is shown without asking again. @param {(items: T[]) => T[]} change */
    change: (change) => page && setPage({ ...page, items: change(page.items) }),
  };
}
