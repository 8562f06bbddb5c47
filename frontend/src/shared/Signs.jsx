/** The signs of a recording: a sentence whose words carry their numbers, and a table of them. */
import { Fragment } from 'preact';
import { percent, plural } from './format.js';
import { inPieces, MAP_OF_SIGN, seen, SIGNS } from './signs.js';
import { FINDINGS } from './terms.js';

/**
 * @param {{
 *   result: import('../api/screenings.js').Result,
 *   frames: number,
 *   onShow?: (map: string) => void,
 * }} props `frames`: how many count; `onShow`: shows a map over the picture, where there is one
 */
export function Signs({ result: { signs, sentence }, frames, onShow }) {
  if (!signs) {
    return (
      <section class="signs">
        <h3>Signs</h3>
        <p class="hint">
          This answer has no signs: its model does not look for them. Screen the recording again to
          see them.
        </p>
      </section>
    );
  }
  return (
    <section class="signs" aria-labelledby="signs-title">
      <h3 id="signs-title">Signs</h3>
      {sentence && (
        <p class="sentence">
          {inPieces(sentence).map(({ text, sign, after }, n) =>
            sign ? (
              <span key={n} class="whole">
                <Word text={text} sign={sign} finding={signs[sign]} onShow={onShow} />
                {after}
              </span>
            ) : (
              <Fragment key={n}>{text}</Fragment>
            ),
          )}
        </p>
      )}
      <table class="table sign-table">
        <thead>
          <tr>
            <th scope="col">Sign</th>
            <th scope="col">In words</th>
            <th scope="col" class="number">
              Mean
            </th>
            <th scope="col" class="number wide">
              Plainest
            </th>
            <th scope="col" class="number">
              Frames
            </th>
          </tr>
        </thead>
        <tbody>
          {SIGNS.map((sign) => (
            <Row key={sign} sign={sign} finding={signs[sign]} frames={frames} />
          ))}
        </tbody>
      </table>
      <p class="hint sign-note">
        Mean: how sure the sign network is, over all frames that count.{' '}
        <span class="wide">Plainest: in the frame where it is surest.</span> Frames: those with 50%
        or more.
      </p>
    </section>
  );
}

/**
 * @param {{
 *   sign: import('../api/screenings.js').SignKey,
 *   finding: import('../api/screenings.js').SignFinding,
 *   frames: number,
 * }} props
 */
function Row({ sign, finding: { probability, highest, frames: many }, frames }) {
  return (
    <tr>
      <th scope="row">{FINDINGS[sign]}</th>
      <td>{seen({ probability, highest, frames: many })}</td>
      <td class="number">
        <span class="sign-share">
          <i aria-hidden="true" class="sign-bar" style={{ '--share': String(probability) }} />
          <span class="sign-percent">{percent(probability)}</span>
        </span>
      </td>
      <td class="number wide">{percent(highest)}</td>
      <td class="number">
        {many} of {frames}
      </td>
    </tr>
  );
}

/**
 * A word of the sentence; its number shows when it is pointed at or has the focus.
 * @param {{
 *   text: string,
 *   sign: import('../api/screenings.js').SignKey,
 *   finding: import('../api/screenings.js').SignFinding,
 *   onShow: ((map: string) => void) | undefined,
 * }} props
 */
function Word({ text, sign, finding: { probability, frames }, onShow }) {
  const number = `${FINDINGS[sign]} ${percent(probability)}, ${plural(frames, 'frame')}`;
  return (
    <button
      type="button"
      class="word"
      aria-label={onShow ? `${text}: ${number}. Show on the picture` : `${text}: ${number}`}
      onClick={() => onShow?.(MAP_OF_SIGN[sign])}
    >
      {text}
      <span class="word-number">{number}</span>
    </button>
  );
}
