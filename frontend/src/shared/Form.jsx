/** A form that says what is wrong where it is wrong, and is sent once at a time. */
import { useRef, useState } from 'preact/hooks';
import { Problem, advice } from '../api/problem.js';

/**
 * @typedef {Record<string, string>} Values the fields by name
 * @typedef {Record<string, (value: string, values: Values) => string | false>} Checks
 *   what is wrong with each field before it is sent; '' or false: nothing
 */

/**
 * @param {{
 *   label?: string,
 *   action: string,
 *   busy: string,
 *   checks?: Checks,
 *   onSend: (values: Values, form: HTMLFormElement) => Promise<unknown>,
 *   beside?: import('preact').ComponentChildren,
 *   children: (wrong: Values) => import('preact').ComponentChildren,
 * }} props `busy`: what the button says while the form is on its way
 */
export function Form({ label, action, busy, checks = {}, onSend, beside, children }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [wrong, setWrong] = useState(/** @type {Values} */ ({}));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [sending, setSending] = useState(false);

  /** @param {Values} found */
  function point(found) {
    setWrong(found);
    const [first] = Object.keys(found);
    const field = first && form.current?.elements.namedItem(first);
    if (field instanceof HTMLElement) field.focus();
  }

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    event.preventDefault();
    const filled = /** @type {HTMLFormElement} */ (event.currentTarget);
    const values = /** @type {Values} */ (Object.fromEntries(new FormData(filled).entries()));
    const found = objections(checks, values);
    setProblem(null);
    point(found);
    if (sending || Object.keys(found).length > 0) return;
    setSending(true);
    try {
      await onSend(values, filled);
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      const known = Object.keys(failure.fields).some((name) => filled.elements.namedItem(name));
      if (known) point(failure.fields);
      else setProblem(failure);
    } finally {
      setSending(false);
    }
  }

  return (
    <form ref={form} class="form" noValidate aria-label={label} onSubmit={onSubmit}>
      {children(wrong)}
      {problem && (
        <p class="notice notice-problem" role="alert">
          {problem.detail} {problem.status === 0 && <b>{advice(problem)}</b>}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="button button-primary" aria-disabled={sending}>
          {sending ? busy : action}
        </button>
        {beside}
      </div>
    </form>
  );
}

/**
 * @param {Checks} checks
 * @param {Values} values
 * @returns {Values}
 */
function objections(checks, values) {
  const found = Object.entries(checks).map(([name, check]) => [
    name,
    check(values[name] ?? '', values),
  ]);
  return Object.fromEntries(found.filter(([, sentence]) => sentence));
}
