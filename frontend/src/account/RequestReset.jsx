/** Asking for a link to set a new password. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { requestReset } from '../api/accounts.js';
import { Field } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import * as checks from './validation.js';
import './account.css';

export default function RequestReset() {
  const [sentTo, setSentTo] = useState('');
  const answer = useRef(/** @type {HTMLParagraphElement | null} */ (null));
  useEffect(() => {
    if (sentTo) answer.current?.focus();
  }, [sentTo]);
  return (
    <section class="page page-narrow">
      <PageHeading title="Reset your password" />
      {sentTo ? (
        <div class="card form">
          <p ref={answer} tabIndex={-1}>
            If <b>{sentTo}</b> has an account, we have sent it an e-mail with a link. The link works
            once and expires soon.
          </p>
          <p class="quiet">
            No e-mail? Check the spam folder, or{' '}
            <button type="button" class="link" onClick={() => setSentTo('')}>
              try another address
            </button>
            .
          </p>
        </div>
      ) : (
        <div class="card">
          <Form
            action="Send the link"
            busy="Sending the link"
            checks={{ email: checks.email }}
            onSend={async ({ email }) => {
              await requestReset(email.trim());
              setSentTo(email.trim());
            }}
          >
            {(wrong) => (
              <Field
                name="email"
                label="E-mail of your account"
                type="email"
                autoComplete="username"
                wrong={wrong.email}
              />
            )}
          </Form>
        </div>
      )}
      <p>
        <a href="#/sign-in">Back to signing in</a>
      </p>
    </section>
  );
}
