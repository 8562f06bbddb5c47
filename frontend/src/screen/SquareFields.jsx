/** The square as three numbers, for those who know them or cannot drag. */
import { fitted, largest, smallest } from '../shared/square.js';

/** @typedef {import('../api/screenings.js').Square} Square */

/**
 * @param {{
 *   square: Square,
 *   picture: import('../shared/square.js').Picture,
 *   onChange: (square: Square) => void,
 * }} props
 */
export function SquareFields({ square, picture, onChange }) {
  /** @type {{name: keyof Square, label: string, min: number, max: number}[]} */
  const fields = [
    { name: 'x', label: 'Left', min: 0, max: picture.width - square.size },
    { name: 'y', label: 'Top', min: 0, max: picture.height - square.size },
    { name: 'size', label: 'Side', min: smallest(picture), max: largest(picture) },
  ];
  return (
    <details class="fields">
      <summary>Exact numbers</summary>
      <div>
        {fields.map(({ name, label, min, max }) => (
          <label key={name}>
            {label}
            <input
              type="number"
              inputMode="numeric"
              min={min}
              max={max}
              value={square[name]}
              onChange={({ currentTarget }) => {
                const next = fitted(
                  { ...square, [name]: currentTarget.valueAsNumber || 0 },
                  picture,
                );
                currentTarget.value = String(next[name]);
                onChange(next);
              }}
            />
          </label>
        ))}
      </div>
    </details>
  );
}
