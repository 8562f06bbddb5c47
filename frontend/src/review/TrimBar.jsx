/** The timeline of a cine: the playhead, and the part that goes into the dataset. */
import { useRef } from 'preact/hooks';
import { timecode } from '../shared/format.js';
import { frameAt, durationOf } from './playback.js';

/**
 * @param {{
 *   times: readonly number[],
 *   at: number,
 *   start: number | null,
 *   end: number | null,
 *   onSeek: (n: number) => void,
 *   onStart: (seconds: number | null) => void,
 *   onEnd: (seconds: number | null) => void,
 * }} props `start` and `end` in seconds; null: not trimmed
 */
export function TrimBar({ times, at, start, end, onSeek, onStart, onEnd }) {
  const track = useRef(/** @type {HTMLDivElement | null} */ (null));
  const length = durationOf(times);
  const [from, to] = [start ?? 0, end ?? length];
  const share = (/** @type {number} */ seconds) => `${(seconds / length) * 100}%`;
  /** @param {PointerEvent} event */
  const under = (event) => {
    const box = /** @type {HTMLDivElement} */ (track.current).getBoundingClientRect();
    return frameAt(times, ((event.clientX - box.left) / box.width) * length);
  };
  const handles = [
    {
      name: 'Start of the part',
      place: frameAt(times, from),
      least: 0,
      most: frameAt(times, to - 1e-3) - 1,
      set: (/** @type {number} */ n) => onStart(n === 0 ? null : times[n]),
    },
    {
      name: 'End of the part',
      place: end === null ? times.length : frameAt(times, to),
      least: frameAt(times, from) + 1,
      most: times.length,
      set: (/** @type {number} */ n) => onEnd(n >= times.length ? null : times[n]),
    },
  ];
  return (
    <div class="trim">
      <div
        ref={track}
        class="trim-track"
        onPointerDown={(event) => {
          onSeek(under(event));
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => event.buttons === 1 && onSeek(under(event))}
      >
        <span class="trim-part" style={{ left: share(from), right: share(length - to) }} />
        <Handle
          name="Frame"
          kind="playhead"
          place={at}
          least={0}
          most={times.length - 1}
          left={share(times[at])}
          text={`Frame ${at + 1} of ${times.length}, ${timecode(times[at])}`}
          onMove={onSeek}
          under={under}
        />
        {handles.map(({ name, place, least, most, set }, n) => (
          <Handle
            key={name}
            name={name}
            kind={n === 0 ? 'start' : 'end'}
            place={place}
            least={least}
            most={most}
            left={share(times[place] ?? length)}
            text={timecode(times[place] ?? length)}
            onMove={set}
            under={under}
          />
        ))}
      </div>
      <p class="trim-words">
        <span>{timecode(times[at])}</span>
        <span>
          {start === null && end === null
            ? `Whole recording, ${timecode(length)}`
            : `Kept: ${timecode(from)} to ${timecode(to)}`}
        </span>
      </p>
    </div>
  );
}

/**
 * @param {{
 *   name: string,
 *   kind: string,
 *   place: number,
 *   least: number,
 *   most: number,
 *   left: string,
 *   text: string,
 *   onMove: (n: number) => void,
 *   under: (event: PointerEvent) => number,
 * }} props places are frames
 */
function Handle({ name, kind, place, least, most, left, text, onMove, under }) {
  const isDragged = useRef(false);
  /** @param {number} n */
  const move = (n) => onMove(Math.min(most, Math.max(least, n)));
  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: least, End: most }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(next);
  }
  return (
    <span
      class={`grip grip-${kind}`}
      role="slider"
      tabIndex={0}
      aria-label={name}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={place}
      aria-valuetext={text}
      style={{ left }}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.stopPropagation();
        isDragged.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => isDragged.current && move(under(event))}
      onPointerUp={() => (isDragged.current = false)}
      onPointerCancel={() => (isDragged.current = false)}
    />
  );
}
