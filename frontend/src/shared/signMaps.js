/** The maps of a frame: where each sign is, and where the models looked; and how they are drawn. */

/** Side of a map: a number for each of 14 × 14 places of the frame. */
const SIDE = 14;

/** Side of the picture that is drawn of them. */
export const DRAWN_SIDE = 448;

/** Keys of the maps of signs, in the order in which they lie below each other. */
export const SIGN_MAPS = [
  'pleura',
  'a_lines',
  'b_lines',
  'consolidation',
  'effusion',
  'tissue',
  'shadow',
];

/** @typedef {Readonly<Record<string, Uint8ClampedArray>>} Maps 14 × 14 numbers, 0 to 255, by key */
/** @typedef {[number, number, number]} Colour red, green, blue, 0 to 255 */

/**
 * The maps of a frame, from the pixels of one grey picture in which they lie below each other:
 * those of the signs, then Grad-CAM of the classes.
 * @param {Uint8ClampedArray} pixels red, green, blue and opacity of a picture 14 wide
 * @param {readonly string[]} classes
 * @returns {Maps}
 */
export function splitMaps(pixels, classes) {
  const keys = [...SIGN_MAPS, ...classes];
  const values = SIDE * SIDE;
  const there = keys.slice(0, Math.floor(pixels.length / 4 / values));
  return Object.fromEntries(
    there.map((key, n) => [
      key,
      Uint8ClampedArray.from({ length: values }, (_, at) => pixels[4 * (n * values + at)]),
    ]),
  );
}

/**
 * A map, smoothly enlarged: values between 0 and 1, each of its own in the middle of its place.
 * @param {ArrayLike<number>} map 14 × 14 numbers, 0 to 255
 * @param {number} side
 */
export function enlarge(map, side) {
  const steps = Array.from({ length: side }, (_, n) => neighbours(n, side));
  const wide = new Float32Array(SIDE * side);
  for (let row = 0; row < SIDE; row += 1)
    steps.forEach(({ places, weights }, x) => {
      let sum = 0;
      for (let k = 0; k < 4; k += 1) sum += weights[k] * map[row * SIDE + places[k]];
      wide[row * side + x] = sum / 255;
    });
  const field = new Float32Array(side * side);
  steps.forEach(({ places, weights }, y) => {
    for (let x = 0; x < side; x += 1) {
      let sum = 0;
      for (let k = 0; k < 4; k += 1) sum += weights[k] * wide[places[k] * side + x];
      field[y * side + x] = Math.min(1, Math.max(0, sum));
    }
  });
  return field;
}

/**
 * The four places of a map around a point of the enlarged one, and their weights (Catmull-Rom).
 * @param {number} n
 * @param {number} side
 */
function neighbours(n, side) {
  const at = ((n + 0.5) * SIDE) / side - 0.5;
  const first = Math.floor(at);
  const t = at - first;
  return {
    places: [-1, 0, 1, 2].map((k) => Math.min(SIDE - 1, Math.max(0, first + k))),
    weights: [
      t * (t * (1 - t / 2) - 0.5), // (-t + 2t² - t³) / 2
      1 + t * t * (1.5 * t - 2.5),
      t * (0.5 + t * (2 - 1.5 * t)),
      (t * t * (t - 1)) / 2,
    ],
  };
}

/** Below this a place is left as it is, so that the picture stays visible. */
const FAINT = 0.12;
const HALF = 0.5;

/**
 * Lay a sign over what is drawn: the surer, the stronger, with a line where it is one half.
 * @param {Uint8ClampedArray} pixels red, green, blue and opacity
 * @param {ArrayLike<number>} field
 * @param {Colour} colour
 * @param {number} opacity 0 to 1
 */
export function tint(pixels, field, colour, opacity) {
  const side = Math.sqrt(field.length);
  for (let at = 0; at < field.length; at += 1) {
    const value = field[at];
    const edge =
      value >= HALF &&
      (field[at - 1] < HALF ||
        field[at + 1] < HALF ||
        field[at - side] < HALF ||
        field[at + side] < HALF);
    if (edge) lay(pixels, at, colour, Math.min(1, 0.4 + opacity));
    else if (value > FAINT) lay(pixels, at, colour, opacity * 0.75 * value);
  }
}

/** What Grad-CAM is drawn with, from little to much. @type {readonly Colour[]} */
const HEAT = [
  [59, 15, 112],
  [140, 41, 129],
  [222, 73, 104],
  [254, 159, 109],
  [252, 253, 191],
];

/**
 * Lay a map of heat over what is drawn.
 * @param {Uint8ClampedArray} pixels red, green, blue and opacity
 * @param {ArrayLike<number>} field
 * @param {number} opacity 0 to 1
 */
export function heat(pixels, field, opacity) {
  for (let at = 0; at < field.length; at += 1) {
    const value = field[at];
    const place = Math.min(HEAT.length - 1.001, value * (HEAT.length - 1));
    const [low, high] = [HEAT[Math.floor(place)], HEAT[Math.floor(place) + 1]];
    const t = place % 1;
    const colour = /** @type {Colour} */ (low.map((c, k) => c + t * (high[k] - c)));
    if (value > FAINT) lay(pixels, at, colour, opacity * (0.3 + 0.6 * value));
  }
}

/**
 * @param {Uint8ClampedArray} pixels
 * @param {number} at
 * @param {Colour} colour
 * @param {number} alpha
 */
function lay(pixels, at, colour, alpha) {
  const before = pixels[4 * at + 3] / 255;
  const after = alpha + before * (1 - alpha);
  for (let k = 0; k < 3; k += 1) {
    const under = pixels[4 * at + k] * before * (1 - alpha);
    pixels[4 * at + k] = (colour[k] * alpha + under) / after;
  }
  pixels[4 * at + 3] = 255 * after;
}
