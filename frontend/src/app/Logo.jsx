/** The product's mark: the fan of a convex probe. */
export function Logo() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M13 6 4.8 21.800a22.6 22.6 0 0 0 22.4 0L19 6" />
      <path d="M11 12a9.4 9.4 0 0 0 10 0" />
      <path d="M8.4 17a15 15 0 0 0 15.2 0" />
    </svg>
  );
}
