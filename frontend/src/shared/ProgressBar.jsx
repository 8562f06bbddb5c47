/** How much of something is done. */

/**
 * @param {{label: string, share: number | null, text?: string}} props
 *   share from 0 to 1; null: not known
 */
export function ProgressBar({ label, share, text }) {
  const known = share !== null;
  const now = known ? Math.round(share * 100) : undefined;
  return (
    <div
      class={known ? 'progress' : 'progress progress-unknown'}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={now}
      aria-valuetext={text}
    >
      <div style={{ width: known ? `${now}%` : '35%' }} />
    </div>
  );
}
