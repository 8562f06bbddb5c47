/** Signing in: at its own address, or in the place of a page that needs an account. */
import { address, requestHeadingFocus, go } from '../shared/address.js';
import { signIn } from '../shared/session.js';
import { Field, PasswordField } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import * as checks from './validation.js';
import './account.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function SignIn({ query }) {
  const { path } = address.value;
  const here = path === '/sign-in';
  const back = here ? (query.get('back') ?? '/') : path;
  return (
    <section class="page page-narrow">
      <PageHeading
        title="Sign in"
        lead={
          here
            ? undefined
            : 'You need an account for this page. It opens as soon as you have signed in.'
        }
      />
      {query.get('reset') === 'done' && (
        <p class="notice">Your new password is set. Sign in with it.</p>
      )}
      <div class="card">
        <Form
          action="Sign in"
          busy="Signing in"
          checks={{ email: checks.email, password: checks.password }}
          onSend={async ({ email, password }) => {
            await signIn(email.trim(), password);
            requestHeadingFocus();
            if (here) go(back);
          }}
          beside={<a href="#/reset">Forgot your password?</a>}
        >
          {(wrong) => (
            <>
              <Field
                name="email"
                label="E-mail"
                type="email"
                autoComplete="username"
                wrong={wrong.email}
              />
              <PasswordField
                name="password"
                label="Password"
                autoComplete="current-password"
                wrong={wrong.password}
              />
            </>
          )}
        </Form>
      </div>
      <p>
        No account yet? <a href={`#/sign-up?back=${encodeURIComponent(back)}`}>Create one</a>. You
        can screen without an account.
      </p>
    </section>
  );
}
