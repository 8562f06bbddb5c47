/** Creating an account. */
import { requestHeadingFocus, go } from '../shared/address.js';
import { signUp } from '../shared/session.js';
import { Field, PasswordField } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import * as checks from './validation.js';
import './account.css';

/** @param {import('../shared/address.js').PageProps} props */
export default function SignUp({ query }) {
  const back = query.get('back') ?? '/contribute';
  return (
    <section class="page page-narrow">
      <PageHeading
        title="Create an account"
        lead="To contribute recordings to the dataset and follow their review."
      />
      <div class="card">
        <Form
          action="Create the account"
          busy="Creating the account"
          checks={{ name: checks.name, email: checks.email, password: checks.newPassword }}
          onSend={async ({ name, email, affiliation, password }) => {
            await signUp({
              name: name.trim(),
              email: email.trim(),
              affiliation: affiliation.trim(),
              password,
            });
            requestHeadingFocus();
            go(back === '/' ? '/contribute' : back);
          }}
        >
          {(wrong) => (
            <>
              <Field name="name" label="Name" autoComplete="name" wrong={wrong.name} />
              <Field
                name="affiliation"
                label="Hospital or institution"
                hint="Optional."
                autoComplete="organization"
                wrong={wrong.affiliation}
              />
              <Field
                name="email"
                label="E-mail"
                type="email"
                autoComplete="username"
                hint="Used to sign in and to reset your password."
                wrong={wrong.email}
              />
              <PasswordField
                name="password"
                label="Password"
                autoComplete="new-password"
                hint={checks.PASSWORD_HINT}
                wrong={wrong.password}
              />
            </>
          )}
        </Form>
      </div>
      <p>
        Already have an account? <a href={`#/sign-in?back=${encodeURIComponent(back)}`}>Sign in</a>.
      </p>
    </section>
  );
}
