/** One frame, large, as the models saw it, with its own numbers and what is laid over it. */
import { useEffect } from 'preact/hooks';
import { frameUrl, signMaps } from '../api/screenings.js';
import { CLASSES, CLASS_NAMES } from '../shared/classes.js';
import { timecode, percent } from '../shared/format.js';
import { Icon } from '../shared/Icon.jsx';
import { classified } from '../shared/outcome.js';
import { layersOf, overlay, overlayKeys } from '../shared/overlay.js';
import { OverlayControls } from '../shared/OverlayControls.jsx';
import { SignOverlay } from '../shared/SignOverlay.jsx';
import { useShortcuts } from '../shared/useShortcuts.js';
import { useSignMaps } from '../shared/useSignMaps.js';

const FRAMES_A_SECOND = 3;

/**
 * @param {{
 *   screening: import('../api/screenings.js').Screening,
 *   result: import('../api/screenings.js').Result,
 *   at: number,
 *   playing: boolean,
 *   onStep: (at: number) => void,
 *   onToggle: () => void,
 * }} props
 */
export function FrameView({ screening, result, at, playing, onStep, onToggle }) {
  const count = result.frames.length;
  useEffect(() => {
    if (!playing) return undefined;
    const timer = setTimeout(() => onStep((at + 1) % count), 1000 / FRAMES_A_SECOND);
    return () => clearTimeout(timer);
  }, [playing, at, count, onStep]);
  const frame = result.frames[at];
  const several = count > 1;
  const leftOut = result.usable && !frame.usable;
  const layers = layersOf(screening);
  const label = classified(result)?.label;
  const { on, chosen, opacity } = overlay.value;
  const next = several ? result.frames[(at + 1) % count].index : null;
  const wanted = on && layers.length > 0;
  const { maps, problem } = useSignMaps(signMaps, screening.id, frame.index, next, wanted);
  useShortcuts('Over the picture of an answer', layers.length > 0 ? overlayKeys(layers) : []);
  return (
    <figure class="frame">
      <div class="stage stage-square">
        {screening.frames_available ? (
          <img
            src={frameUrl(screening.id, frame.index)}
            alt={several ? `Frame ${at + 1} of ${count}, as screened` : 'The picture, as screened'}
          />
        ) : (
          <p>The images were deleted after the retention time; the probabilities are kept.</p>
        )}
        {on && label && layers.length > 0 && (
          <SignOverlay maps={maps} chosen={chosen} label={label} opacity={opacity} />
        )}
      </div>
      <figcaption>
        {several && (
          <div class="player">
            <button
              type="button"
              class="button button-round"
              aria-label="Previous frame"
              onClick={() => onStep((at - 1 + count) % count)}
            >
              <Icon name="back" />
            </button>
            <button
              type="button"
              class="button button-round"
              aria-label={playing ? 'Stop' : 'Play the frames'}
              onClick={onToggle}
            >
              <Icon name={playing ? 'pause' : 'play'} />
            </button>
            <button
              type="button"
              class="button button-round"
              aria-label="Next frame"
              onClick={() => onStep((at + 1) % count)}
            >
              <Icon name="next" />
            </button>
            <span>
              Frame {at + 1} of {count} <b>{timecode(frame.time_s)}</b>
            </span>
          </div>
        )}
        {leftOut ? (
          <p class="left-out">
            <i class="dot dot-left-out" /> This frame was left out: it does not count for the
            answer.
          </p>
        ) : (
          several && frame.probabilities && <Numbers probabilities={frame.probabilities} />
        )}
        {label && layers.length > 0 && (
          <OverlayControls
            layers={layers}
            label={label}
            frame={frame}
            maps={maps}
            problem={problem}
          />
        )}
      </figcaption>
    </figure>
  );
}

/** @param {{probabilities: import('../api/screenings.js').Probabilities}} props */
function Numbers({ probabilities }) {
  return (
    <ul class="numbers">
      {CLASSES.map((key) => (
        <li key={key} class={`class-${key}`}>
          <i class="dot" /> {CLASS_NAMES[key]} <b>{percent(probabilities[key])}</b>
        </li>
      ))}
    </ul>
  );
}
