/** Moving the focus without moving the page more than it takes. */

/** @param {HTMLElement | null} element */
export function focusIntoView(element) {
  element?.focus({ preventScroll: true });
  element?.scrollIntoView?.({ block: 'nearest' });
}
