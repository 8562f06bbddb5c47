/** A table that may be wider than the page: it scrolls by itself, with the keyboard too. */

/**
 * @param {{label: string, card?: boolean, children: import('preact').ComponentChildren}} props
 */
export function TableWrap({ label, card = false, children }) {
  return (
    <div
      class={card ? 'card table-wrap' : 'table-wrap'}
      role="group"
      aria-label={label}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys scroll it
      tabIndex={0}
    >
      {children}
    </div>
  );
}
