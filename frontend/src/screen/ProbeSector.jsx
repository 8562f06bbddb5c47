/** A drawing of the field of a convex probe, with the pleural line and its echoes. */
export function ProbeSector() {
  return (
    <svg class="probe-sector" viewBox="0 0 240 132" aria-hidden="true" focusable="false">
      <path class="probe-sector-field" d="M92 14a40 40 0 0 0 56 0L226 96a152 152 0 0 1-212 0Z" />
      <path class="probe-sector-line probe-sector-pleura" d="M66.5 43.500a76 76 0 0 0 107 0" />
      <path class="probe-sector-line" d="M48.5 61.500a101 101 0 0 0 143 0" />
      <path class="probe-sector-line" d="M30.5 79.500a127 127 0 0 0 179 0" />
      <path class="probe-sector-square" d="M62 6h116v116H62z" />
    </svg>
  );
}
