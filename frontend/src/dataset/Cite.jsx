/** How the release is named in a text, and under which licences its recordings come. */
import { useState } from 'preact/hooks';
import { copy } from '../shared/clipboard.js';
import { Icon } from '../shared/Icon.jsx';
import { plural } from '../shared/format.js';

/**
 * @param {import('../api/dataset.js').ReleaseLine} release
 * @param {string} address
 */
export function citation({ number, finished_at, created_at }, address) {
  const year = new Date(finished_at ?? created_at).getFullYear();
  return (
    `POCOVIDScreen contributors (${year}). POCOVIDScreen lung ultrasound dataset, ` +
    `release ${number}. ${address}. After Born et al. (2020), POCOVID-Net: Automatic Detection ` +
    'of COVID-19 From a New Lung Ultrasound Imaging Dataset (POCUS).'
  );
}

/** @param {{release: import('../api/dataset.js').Release}} props */
export function Cite({ release }) {
  const [message, setMessage] = useState('');
  const text = citation(release, `${location.origin}/#/dataset/${release.number}`);
  async function copyCitation() {
    try {
      await copy(text);
      setMessage('Copied.');
    } catch {
      setMessage('The browser did not allow copying.');
    }
  }
  return (
    <section class="card flow" aria-labelledby="cite-title">
      <h2 id="cite-title">Licences and citation</h2>
      <ul class="licences">
        {Object.entries(release.summary?.licences ?? {}).map(([licence, count]) => (
          <li key={licence}>
            <b>{licence}</b> {plural(count, 'recording')}
          </li>
        ))}
      </ul>
      <p class="hint">The table gives the licence and attribution of every recording.</p>
      <blockquote class="citation">{text}</blockquote>
      <p class="actions">
        <button type="button" class="button" onClick={() => void copyCitation()}>
          <Icon name="copy" />
          Copy the citation
        </button>
        <span role="status">{message}</span>
      </p>
    </section>
  );
}
