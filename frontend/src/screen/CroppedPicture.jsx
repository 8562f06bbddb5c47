/** The part of a recording's preview that is inside the square. */

/**
 * @param {{
 *   recording: import('../api/screenings.js').Recording,
 *   square: import('../api/screenings.js').Square,
 *   alt: string,
 * }} props
 */
export function CroppedPicture({ recording, square, alt }) {
  const { width, height, preview_url } = recording;
  const share = (/** @type {number} */ pixels) => `${(pixels / square.size) * 100}%`;
  return (
    <span class="cropped">
      <img
        src={preview_url ?? undefined}
        alt={alt}
        draggable={false}
        style={{
          width: share(width),
          height: share(height),
          left: share(-square.x),
          top: share(-square.y),
        }}
      />
    </span>
  );
}
