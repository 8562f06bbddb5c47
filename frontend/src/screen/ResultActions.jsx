/** Where the result comes from, and ways to copy it. */
import { useState } from 'preact/hooks';
import { copy } from '../shared/clipboard.js';
import { classified } from '../shared/outcome.js';
import { resultText } from './resultText.js';
import { patch } from './items.js';
import { linkTo } from './screeningAddress.js';
import { DicomActions } from './DicomActions.jsx';
import { dateTime } from '../shared/format.js';
import { Icon } from '../shared/Icon.jsx';

/**
 * @param {{item: import('./items.js').Item, result: import('../api/screenings.js').Result}} props
 */
export function ResultActions({ item, result }) {
  const [message, setMessage] = useState('');
  const { key, name, screening, recording } = item;
  if (!screening) return null;
  /** @param {string} what @param {string} text */
  async function copyAs(what, text) {
    try {
      await copy(text);
      setMessage(`${what} copied.`);
    } catch {
      setMessage('The browser did not allow copying.');
    }
  }
  const { x, y, size } = result.crop;
  const json = JSON.stringify(screening, null, 2);
  return (
    <footer class="result-foot">
      <div class="actions actions-even">
        {recording?.preview_url && classified(result) && (
          <button type="button" class="button" onClick={() => patch(key, { adjusting: true })}>
            <Icon name="square" />
            Adjust the square and screen again
          </button>
        )}
        <button
          type="button"
          class="button"
          onClick={() => copyAs('Text', resultText(name, result, screening.probe))}
        >
          <Icon name="copy" />
          Copy text
        </button>
        <button type="button" class="button" onClick={() => copyAs('JSON', json)}>
          <Icon name="copy" />
          Copy JSON
        </button>
        <button type="button" class="button" onClick={() => copyAs('Link', linkTo(screening.id))}>
          <Icon name="link" />
          Copy link
        </button>
        <span class="said" role="status">
          {message}
        </span>
      </div>
      {recording?.format === 'dicom' && classified(result) && <DicomActions id={screening.id} />}
      <dl class="origin">
        <div>
          <dt>Model</dt>
          <dd>{result.model_version}</dd>
        </div>
        <div>
          <dt>Square</dt>
          <dd>
            {size} × {size} pixels at {x}, {y}
          </dd>
        </div>
        {screening.finished_at && (
          <div>
            <dt>Answered</dt>
            <dd>{dateTime(screening.finished_at)}</dd>
          </div>
        )}
        {recording?.preview_url && (
          <div>
            <dt>Images kept until</dt>
            <dd>{dateTime(recording.expires_at)}</dd>
          </div>
        )}
      </dl>
      <p class="hint">{result.disclaimer}</p>
    </footer>
  );
}
