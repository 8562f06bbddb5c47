/** The keys of a page or a part, for as long as it is shown. */
import { useEffect, useRef } from 'preact/hooks';
import { register } from './shortcuts.js';

/**
 * @param {string} title how the help calls them
 * @param {import('./shortcuts.js').Shortcut[]} shortcuts may differ from one rendering to the next
 */
export function useShortcuts(title, shortcuts) {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => register({ title, list: () => latest.current }), [title]);
}
