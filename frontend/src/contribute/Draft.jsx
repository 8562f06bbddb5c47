/** A submission before it is sent: its files, what is said about them, the check, the consent. */
import { offline, recordings, saving, saveError } from './draftStore.js';
import { removals, undo } from './removals.js';
import { uploads } from './uploads.js';
import { plural } from '../shared/format.js';
import { UndoNote } from '../shared/UndoNote.jsx';
import { useShortcuts } from '../shared/useShortcuts.js';
import { AddFiles } from './AddFiles.jsx';
import { Checklist } from './Checklist.jsx';
import { Consent } from './Consent.jsx';
import { Defaults } from './Defaults.jsx';
import { Grid } from './Grid.jsx';
import { ManifestReport } from './ManifestReport.jsx';
import { UploadsView } from './UploadsView.jsx';
import { MissingFiles } from './MissingFiles.jsx';

/**
 * @param {{
 *   submission: import('../api/submissions.js').Submission,
 *   words: import('../api/submissions.js').Vocabulary,
 * }} props
 */
export function Draft({ submission, words }) {
  const all = recordings.value;
  const ownUploads = uploads.value.filter(({ submissionId }) => submissionId === submission.id);
  const sending = ownUploads.some(({ stage }) => stage !== 'arrived' && stage !== 'refused');
  const last = removals.value.at(-1);
  useShortcuts('Submission', [
    { key: 'a', description: 'Add files', run: chooseFiles },
    { key: 'z', description: 'Undo the last removal', run: undo },
  ]);
  return (
    <>
      {(saveError.value || offline.value) && (
        <p class="notice notice-problem" role="alert">
          {saveError.value || `${offline.value} This page goes on as soon as it is restored.`}
        </p>
      )}
      <MissingFiles submissionId={submission.id} />
      <AddFiles small={all.length > 0 || ownUploads.length > 0} />
      <UploadsView submissionId={submission.id} />
      <ManifestReport />
      <Defaults submission={submission} words={words} open={all.length === 0} />
      {all.length > 0 && (
        <>
          <section class="recordings" aria-labelledby="recordings-title">
            <header class="spread">
              <h2 id="recordings-title">{plural(all.length, 'recording')}</h2>
              <span class="hint" role="status">
                {saving.value > 0 ? 'Saving' : 'All changes saved'}
              </span>
            </header>
            <Grid recordings={all} words={words} />
          </section>
          <section class="card form" aria-labelledby="check-title">
            <h2 id="check-title">Check and send</h2>
            <Checklist />
            <Consent statement={words.consent} sending={sending} />
          </section>
        </>
      )}
      {last && (
        <UndoNote label="Removed" onUndo={undo}>
          Removed <b>{last.label}</b>
        </UndoNote>
      )}
    </>
  );
}

function chooseFiles() {
  /** @type {HTMLElement | null} */ (document.querySelector('[data-add]'))?.click();
}
