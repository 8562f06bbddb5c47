/** One submission: its files, what is said about them, and what became of them. */
import { useEffect, useState } from 'preact/hooks';
import { changeTitle, close, offline, open, submission } from './draftStore.js';
import { vocabulary } from './vocabulary.js';
import { PageHeading } from '../shared/PageHeading.jsx';
import { Draft } from './Draft.jsx';
import { Outcome } from './Outcome.jsx';
import { submissionTitle } from './submissionTitle.js';
import './contribute.css';
import './fields.css';
import './check.css';
import './outcome.css';
import './grid.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function Submission({ id }) {
  const [known, setKnown] = useState(true);
  useEffect(() => {
    void open(id).then(setKnown);
    return close;
  }, [id]);
  const one = submission.value;
  const words = vocabulary.value;
  if (!known) return <Gone />;
  if (!one || one.id !== id || !words) {
    return (
      <section class="page">
        <p class="quiet page-wait" role="status">
          {offline.value || 'Loading'}
        </p>
      </section>
    );
  }
  const draft = one.state === 'draft';
  return (
    <section class="page">
      <p class="crumb">
        <a href="#/contribute">Contribute</a>
      </p>
      <PageHeading key={one.state} title={submissionTitle(one)}>
        {draft && <Rename key={one.id} title={one.title} />}
      </PageHeading>
      {draft ? <Draft submission={one} words={words} /> : <Outcome words={words} />}
    </section>
  );
}

/** @param {{title: string}} props */
function Rename({ title }) {
  const [editing, setEditing] = useState(false);
  if (!editing) {
    return (
      <button type="button" class="button button-quiet" onClick={() => setEditing(true)}>
        Rename
      </button>
    );
  }
  return (
    <form
      class="actions"
      onSubmit={(event) => {
        event.preventDefault();
        const field = /** @type {HTMLInputElement} */ (
          /** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem('title')
        );
        void changeTitle(field.value.trim());
        setEditing(false);
      }}
    >
      <input
        class="input"
        name="title"
        aria-label="Name of the submission, for yourself"
        placeholder="A name, for yourself"
        maxLength={200}
        defaultValue={title}
        ref={(element) => element?.focus()}
      />
      <button type="submit" class="button">
        Keep
      </button>
    </form>
  );
}

function Gone() {
  return (
    <section class="page page-narrow">
      <PageHeading title="This submission does not exist" />
      <p>It may have been deleted, or it belongs to another account.</p>
      <p>
        <a href="#/contribute">Your submissions</a>
      </p>
    </section>
  );
}
