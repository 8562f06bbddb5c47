/** View settings: brightness and enlargement. They do not change the recording. */
import { useState } from 'preact/hooks';

const BRIGHTNESS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

export function useViewSettings() {
  const [brightness, setBrightness] = useState(1);
  const [enlarged, setEnlarged] = useState(false);
  return {
    brightness,
    enlarged,
    /** @param {1 | -1} step */
    brighten(step) {
      const next = BRIGHTNESS.indexOf(brightness) + step;
      setBrightness(BRIGHTNESS[Math.min(BRIGHTNESS.length - 1, Math.max(0, next))]);
    },
    enlarge: () => setEnlarged(!enlarged),
  };
}

/** @typedef {ReturnType<typeof useViewSettings>} ViewSettings */
