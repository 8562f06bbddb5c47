/** Setting a new password, from the link in the mail. */
import { announce } from '../shared/announcer.js';
import { resetPassword } from '../api/accounts.js';
import { go } from '../shared/address.js';
import { PasswordField } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import * as checks from './validation.js';
import './account.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function ResetPassword({ id: secret }) {
  return (
    <section class="page page-narrow">
      <PageHeading
        title="Set a new password"
        lead="All devices that are signed in to your account will have to sign in again."
      />
      <div class="card">
        <Form
          action="Set the password"
          busy="Setting the password"
          checks={{ password: checks.newPassword }}
          onSend={async ({ password }) => {
            await resetPassword(secret, password);
            announce('Your new password is set. Sign in with it.');
            go('/sign-in?reset=done');
          }}
          beside={<a href="#/reset">Request another link</a>}
        >
          {(wrong) => (
            <PasswordField
              name="password"
              label="New password"
              autoComplete="new-password"
              hint={checks.PASSWORD_HINT}
              wrong={wrong.password}
            />
          )}
        </Form>
      </div>
    </section>
  );
}
