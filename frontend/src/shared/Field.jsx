/** One field of a form: its label, what it is for, and what is wrong with it. */
import { useId, useState } from 'preact/hooks';

/**
 * @param {{
 *   name: string,
 *   label: string,
 *   hint?: import('preact').ComponentChildren,
 *   wrong?: string,
 *   type?: 'text' | 'email' | 'password' | 'search',
 *   autoComplete?: string,
 *   autoCapitalize?: 'off',
 *   spellcheck?: boolean,
 *   maxLength?: number,
 *   defaultValue?: string,
 * }} props
 */
export function Field({ name, label, hint, wrong, type = 'text', ...rest }) {
  const id = useId();
  const notes = [hint ? `${id}-hint` : '', wrong ? `${id}-wrong` : ''].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        class="input"
        aria-describedby={notes || undefined}
        aria-invalid={wrong ? 'true' : undefined}
        type={/** @type {'text'} */ (type)}
        {...rest}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

/**
 * A password, which can be looked at while it is typed.
 * @param {{
 *   name: string,
 *   label: string,
 *   hint?: import('preact').ComponentChildren,
 *   wrong?: string,
 *   autoComplete: 'current-password' | 'new-password',
 * }} props
 */
export function PasswordField(props) {
  const [shown, setShown] = useState(false);
  return (
    <div class="password">
      <Field
        {...props}
        type={shown ? 'text' : 'password'}
        autoCapitalize="off"
        spellcheck={false}
      />
      <button
        type="button"
        class="button button-quiet"
        aria-pressed={shown}
        aria-label={`Show: ${props.label}`}
        onClick={() => setShown(!shown)}
      >
        {shown ? 'Hide' : 'Show'}
      </button>
    </div>
  );
}
