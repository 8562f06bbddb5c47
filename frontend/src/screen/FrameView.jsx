/** One frame, large, as the models saw it, with its own three numbers. */
import { useEffect } from 'preact/hooks';
import { frameUrl } from '../api/screenings.js';
import { CLASSES, CLASS_NAMES } from '../shared/classes.js';
import { timecode, percent } from '../shared/format.js';
import { Icon } from '../shared/Icon.jsx';

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
  const { index, time_s, probabilities } = result.frames[at];
  const several = count > 1;
  return (
    <figure class="frame">
      <div class="stage stage-square">
        {screening.frames_available ? (
          <img
            src={frameUrl(screening.id, index)}
            alt={several ? `Frame ${at + 1} of ${count}, as screened` : 'The picture, as screened'}
          />
        ) : (
          <p>The images were deleted after the retention time; the probabilities are kept.</p>
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
              Frame {at + 1} of {count} <b>{timecode(time_s)}</b>
            </span>
          </div>
        )}
        {several && (
          <ul class="numbers">
            {CLASSES.map((key) => (
              <li key={key} class={`class-${key}`}>
                <i class="dot" /> {CLASS_NAMES[key]} <b>{percent(probabilities[key])}</b>
              </li>
            ))}
          </ul>
        )}
      </figcaption>
    </figure>
  );
}
