/** The empty page: what to do, what can be sent, and what happens to it. */
import { formatName } from '../shared/recordingFacts.js';
import { limits } from '../shared/service.js';
import { duration, joinList, fileSize } from '../shared/format.js';
import { FilesButton } from './FilesButton.jsx';
import { ProbeSector } from './ProbeSector.jsx';

const STEPS = [
  [
    'Add a recording',
    'A clip or still image from a lung examination with a convex probe. You can add several.',
  ],
  [
    'Check the square',
    'It should contain the ultrasound field, without text, rulers or scale bars.',
  ],
  ['Read the answer', 'Three probabilities from five models, frame by frame.'],
];

export function Start() {
  return (
    <div class="start">
      <section class="intake" aria-labelledby="start-title">
        <ProbeSector />
        <h1 id="start-title" tabIndex={-1}>
          Screen a lung ultrasound recording
        </h1>
        <p class="lead">
          How much does it resemble <span class="whole">COVID-19</span>, bacterial pneumonia or a
          healthy lung?
        </p>
        <FilesButton>Choose files</FilesButton>
        <p class="hint">or drop them anywhere on this page, or paste an image</p>
      </section>
      <ol class="steps">
        {STEPS.map(([name, text]) => (
          <li key={name}>
            <h2>{name}</h2>
            <p>{text}</p>
          </li>
        ))}
      </ol>
      {limits.value && <Terms limits={limits.value} />}
    </div>
  );
}

/** @param {{limits: import('../api/screenings.js').Limits}} props */
function Terms({ limits: { types, max_bytes, max_seconds, retention_hours } }) {
  const names = [...new Set(types.map(formatName))];
  return (
    <dl class="terms">
      <div>
        <dt>Accepted</dt>
        <dd>{joinList(names)}</dd>
      </div>
      <div>
        <dt>At most</dt>
        <dd>
          {fileSize(max_bytes)} a file, videos of {duration(max_seconds)}
        </dd>
      </div>
      <div>
        <dt>Kept</dt>
        <dd>
          Uploads are deleted after {hours(retention_hours)}, or at once when you delete them; the
          header of a DICOM file goes with it, and nothing of it is shown. No account, no patient
          name: leave identifying text out of the picture.
        </dd>
      </div>
    </dl>
  );
}

/** @param {number} count */
const hours = (count) => (count === 1 ? 'one hour' : `${count} hours`);
