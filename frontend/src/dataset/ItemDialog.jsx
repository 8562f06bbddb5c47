/** One recording of a release: its frames, what is known of it, and a place to object. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/Icon.jsx';
import { FINDINGS, LABELS, PROBES, nameOf } from '../shared/terms.js';
import { joinList } from '../shared/format.js';
import { frameUrl } from './frameUrl.js';
import { ReportForm } from './ReportForm.jsx';

/**
 * @param {{
 *   number: number,
 *   item: import('../api/dataset.js').Item,
 *   onClose: () => void,
 * }} props
 */
export function ItemDialog({ number, item, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  const findings = Object.keys(FINDINGS).filter((key) => item.findings[key]);
  const facts = [
    ['Probe', nameOf(PROBES, item.probe)],
    ['Findings', joinList(findings.map((key) => FINDINGS[key]))],
    ['Patient', item.patient === null ? '' : `number ${item.patient}`],
    ['Fold', `${item.fold + 1} of 5`],
    ['Source', item.attribution],
    ['MD comment', item.comment],
  ].filter(([, value]) => value);
  return (
    <dialog ref={dialog} class="help item-dialog" aria-labelledby="item-title" onClose={onClose}>
      <header>
        <h2 id="item-title">
          <i class={`dot class-${item.label}`} /> {nameOf(LABELS, item.label)}
        </h2>
        <button
          type="button"
          class="button button-round"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          ×
        </button>
      </header>
      {item.withdrawn ? (
        <p class="notice">
          It was withdrawn after this release. Its images are deleted; later releases do not include
          it.
        </p>
      ) : (
        <Frames item={item} />
      )}
      <dl class="item-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Licence</dt>
          <dd>
            <a href={item.licence_url} rel="license noreferrer">
              {item.licence}
            </a>
          </dd>
        </div>
      </dl>
      <ReportForm number={number} item={item} />
    </dialog>
  );
}

/** @param {{item: import('../api/dataset.js').Item}} props */
function Frames({ item }) {
  const [at, setAt] = useState(0);
  const last = item.frames - 1;
  return (
    <figure class="item-frames">
      <div class="stage stage-square">
        <img src={frameUrl(item, at)} alt={`Frame ${at + 1} of ${item.frames}`} />
      </div>
      {last > 0 && (
        <figcaption>
          <button
            type="button"
            class="button button-round"
            aria-label="Previous frame"
            onClick={() => setAt(at === 0 ? last : at - 1)}
          >
            <Icon name="back" />
          </button>
          <input
            type="range"
            min={0}
            max={last}
            value={at}
            aria-label="Frame"
            aria-valuetext={`${at + 1} of ${item.frames}`}
            onInput={({ currentTarget }) => setAt(currentTarget.valueAsNumber)}
          />
          <button
            type="button"
            class="button button-round"
            aria-label="Next frame"
            onClick={() => setAt(at === last ? 0 : at + 1)}
          >
            <Icon name="next" />
          </button>
        </figcaption>
      )}
    </figure>
  );
}
