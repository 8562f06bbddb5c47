/** A recording that is not answered for: why, and what can be done next. */
import { useEffect, useState } from 'preact/hooks';
import * as api from '../api/screenings.js';
import { advice, Problem } from '../api/problem.js';
import { announce } from '../shared/announcer.js';
import { ConfirmButton } from '../shared/ConfirmButton.jsx';
import { Icon } from '../shared/Icon.jsx';
import { outcome, refusal } from '../shared/outcome.js';
import { user } from '../shared/session.js';
import { FilesButton } from './FilesButton.jsx';
import { patch } from './items.js';
import { screen } from './screenings.js';

/** What a clinician can do, by the reason. @type {Readonly<Record<string, string[]>>} */
const STEPS = {
  not_lung: [
    'Check that the recording was made with a convex probe on the chest. Other organs, X-rays, CT and photographs of a screen are not answered for.',
    'Check that the square holds the ultrasound field, and no text or second picture.',
  ],
  coloured: [
    'Record the lung again without colour Doppler, in shades of grey.',
    'Or set the square to a part of the picture without colour.',
  ],
  linear_probe: [
    'Screen it as a linear probe: it is then answered by the signs alone, since POCOVID-Net has learnt from convex probes only.',
    'Or record again with a convex probe, and upload the new clip.',
  ],
  not_linear_probe: [
    'Screen it as a convex probe, which is the usual way.',
    'Check that the square holds the ultrasound field, and no text or second picture.',
  ],
};

/**
 * @param {{
 *   item: import('./items.js').Item,
 *   screening: import('../api/screenings.js').Screening,
 *   result: import('../api/screenings.js').Result,
 * }} props
 */
export function NotAnswered({ item: { key, name, recording, problem }, screening, result }) {
  const reason = refusal(result);
  if (!reason) return null;
  const { code, message, title } = reason;
  const again = recording?.preview_url !== null && recording !== null;
  const otherProbe = otherThan(screening.probe, code);
  return (
    <div class="answer not-answered">
      <div class="verdict verdict-none">
        <small>Not answered</small>
        <h2>{title}</h2>
      </div>
      {!message.startsWith(title) && <p>{message}</p>}
      <h3>What you can do</h3>
      <ul class="advice">
        {(otherProbe || code === 'coloured' ? STEPS[code] : STEPS.not_lung).map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ul>
      <div class="actions actions-even">
        {again && otherProbe && (
          <button
            type="button"
            class="button button-primary"
            onClick={() => void screen(key, otherProbe.probe)}
          >
            {otherProbe.action}
          </button>
        )}
        {again && (
          <button type="button" class="button" onClick={() => patch(key, { adjusting: true })}>
            <Icon name="square" />
            Adjust the square
          </button>
        )}
        <FilesButton kind="plain">Upload another clip</FilesButton>
      </div>
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem.detail} <b>{advice(problem)}</b>
        </p>
      )}
      <AnswerAnyway itemKey={key} name={name} id={screening.id} />
    </div>
  );
}

/**
 * The probe that it can be screened as instead.
 * @param {import('../api/screenings.js').Probe} asked
 * @param {string} code
 * @returns {{probe: import('../api/screenings.js').Probe, action: string} | null}
 */
function otherThan(asked, code) {
  if (code === 'linear_probe' && asked === 'convex')
    return { probe: 'linear', action: 'Screen as linear probe (answered by signs alone)' };
  if (code === 'not_linear_probe' && asked === 'linear')
    return { probe: 'convex', action: 'Screen as convex probe' };
  return null;
}

/** @param {{itemKey: string, name: string, id: string}} props */
function AnswerAnyway({ itemKey, name, id }) {
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const person = user.value;
  useEffect(() => setProblem(null), [person]);
  async function ask() {
    setProblem(null);
    try {
      const screening = await api.answerAnyway(id);
      patch(itemKey, { screening });
      if (screening.result) announce(`${name}: ${outcome(screening.result)}.`);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setProblem(failure);
    }
  }
  return (
    <section class="anyway" aria-label="Answer anyway">
      {person ? (
        <>
          <p class="hint">
            You can have a class shown all the same. It is worth little, since the models have
            learnt from nothing like this. The answer keeps a mark for ever, and your account is
            recorded with it.
          </p>
          <ConfirmButton
            action="Answer anyway"
            question="Show a class, with a mark that stays?"
            yes="Answer anyway"
            no="Cancel"
            onYes={ask}
          />
        </>
      ) : (
        person === null && (
          <p class="hint">
            A class can be shown all the same, with a mark that stays:{' '}
            <a href={`#/sign-in?back=${encodeURIComponent(`/screenings/${id}`)}`}>sign in</a> to ask
            for it.
          </p>
        )
      )}
      {problem && problem.status !== 401 && (
        <p class="notice notice-problem" role="alert">
          {problem.detail} <b>{advice(problem)}</b>
        </p>
      )}
    </section>
  );
}
