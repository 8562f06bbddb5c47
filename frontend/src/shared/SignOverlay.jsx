/** The chosen maps, drawn over a frame. */
import { useEffect, useRef } from 'preact/hooks';
import { CAM, SIGN_LAYERS } from './overlay.js';
import { DRAWN_SIDE, enlarge, heat, tint } from './signMaps.js';

/**
 * @param {{
 *   maps: import('./signMaps.js').Maps | null,
 *   chosen: readonly string[],
 *   label: string,
 *   opacity: number,
 * }} props `label`: the class whose Grad-CAM is drawn
 */
export function SignOverlay({ maps, chosen, label, opacity }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const drawn = context.createImageData(DRAWN_SIDE, DRAWN_SIDE);
    for (const { key, colour } of SIGN_LAYERS)
      if (maps?.[key] && chosen.includes(key))
        tint(drawn.data, enlarge(maps[key], DRAWN_SIDE), colour, opacity);
    if (maps?.[label] && chosen.includes(CAM))
      heat(drawn.data, enlarge(maps[label], DRAWN_SIDE), opacity);
    context.putImageData(drawn, 0, 0);
  }, [maps, chosen, label, opacity]);
  return (
    <canvas
      ref={canvas}
      class="overlay"
      width={DRAWN_SIDE}
      height={DRAWN_SIDE}
      aria-hidden="true"
      data-drawn={maps ? chosen.join(' ') : undefined}
    />
  );
}
