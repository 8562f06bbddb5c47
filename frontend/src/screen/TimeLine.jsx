/** All frames of a video in their order, each with its answer as a stacked bar. */
import { useEffect, useRef } from 'preact/hooks';
import { frameUrl } from '../api/screenings.js';
import { CLASSES, CLASS_NAMES } from '../shared/classes.js';
import { timecode, percent } from '../shared/format.js';
import { classified } from '../shared/outcome.js';

/** @typedef {import('../api/screenings.js').FrameAnswer} FrameAnswer */

/**
 * @param {{
 *   screening: import('../api/screenings.js').Screening,
 *   result: import('../api/screenings.js').Result,
 *   at: number,
 *   onStep: (at: number) => void,
 *   onToggle: () => void,
 * }} props
 */
export function TimeLine({ screening, result, at, onStep, onToggle }) {
  const list = useRef(/** @type {HTMLDivElement | null} */ (null));
  const last = result.frames.length - 1;
  const answered = classified(result) !== null;
  const mixed = new Set(result.frames.map(({ usable }) => usable)).size > 1;
  useEffect(() => {
    reveal(list.current, at);
  }, [at]);
  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const next = afterKey(event.key, at, last);
    if (event.key === ' ') onToggle();
    else if (next !== null) onStep(next);
    else return;
    event.preventDefault();
  }
  return (
    <section class="timeline" aria-labelledby="timeline-title">
      <header>
        <h3 id="timeline-title">Frame by frame</h3>
        <ul class="legend" aria-hidden="true">
          {answered &&
            CLASSES.map((key) => (
              <li key={key} class={`class-${key}`}>
                <i class="dot" /> {CLASS_NAMES[key]}
              </li>
            ))}
          {mixed && (
            <li>
              <i class="dot dot-left-out" /> {result.usable ? 'Left out' : 'Not usable'}
            </li>
          )}
        </ul>
      </header>
      <div
        class="strip"
        ref={list}
        role="listbox"
        tabIndex={0}
        aria-orientation="horizontal"
        aria-labelledby="timeline-title"
        aria-activedescendant={`frame-${at}`}
        onKeyDown={onKeyDown}
      >
        {result.frames.map((frame, n) => (
          // The list box has the keyboard; a click is only a short cut to one of its options.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={frame.index}
            id={`frame-${n}`}
            role="option"
            tabIndex={-1}
            aria-selected={n === at}
            aria-label={spoken(frame, n, last + 1, result.usable)}
            class={`cut ${n === at ? 'cut-current' : ''} ${mixed && !frame.usable ? 'cut-left-out' : ''}`}
            onClick={() => onStep(n)}
          >
            {answered && (
              <span class="stack">
                {shares(frame, result.usable).map(([key, share]) => (
                  <i key={key} class={`class-${key}`} style={{ height: `${share * 100}%` }} />
                ))}
              </span>
            )}
            {screening.frames_available && (
              <img src={frameUrl(screening.id, frame.index)} alt="" loading="lazy" />
            )}
          </div>
        ))}
      </div>
      <p class="ends" aria-hidden="true">
        <span>{timecode(result.frames[0].time_s)}</span>
        <span>{timecode(result.frames[last].time_s)}</span>
      </p>
    </section>
  );
}

/**
 * @param {string} key
 * @param {number} at
 * @param {number} last
 * @returns {number | null}
 */
function afterKey(key, at, last) {
  if (key === 'ArrowRight' || key === 'ArrowDown') return Math.min(last, at + 1);
  if (key === 'ArrowLeft' || key === 'ArrowUp') return Math.max(0, at - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  return null;
}

/**
 * Scroll the strip, and nothing else, until the frame is in sight.
 * @param {HTMLElement | null} strip
 * @param {number} at
 */
function reveal(strip, at) {
  const cut = /** @type {HTMLElement | undefined} */ (strip?.children[at]);
  if (!strip || !cut) return;
  const left = cut.offsetLeft - strip.offsetLeft;
  if (left < strip.scrollLeft) strip.scrollLeft = left;
  const over = left + cut.offsetWidth - strip.clientWidth;
  if (over > strip.scrollLeft) strip.scrollLeft = over;
}

/**
 * What a frame has to say; nothing where it was left out.
 * @param {FrameAnswer} frame
 * @param {boolean} usableRecording
 * @returns {[import('../api/screenings.js').ClassKey, number][]}
 */
function shares({ probabilities, usable }, usableRecording) {
  if (!probabilities || (usableRecording && !usable)) return [];
  return CLASSES.map((key) => [key, probabilities[key]]);
}

/**
 * @param {FrameAnswer} frame
 * @param {number} n
 * @param {number} count
 * @param {boolean} usableRecording
 */
function spoken(frame, n, count, usableRecording) {
  const parts = shares(frame, usableRecording).map(
    ([key, share]) => `${CLASS_NAMES[key]} ${percent(share)}`,
  );
  if (!frame.usable) parts.unshift(usableRecording ? 'left out' : 'not usable');
  const words = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  return `Frame ${n + 1} of ${count}, ${timecode(frame.time_s)}${words}`;
}
