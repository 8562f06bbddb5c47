/** The person's profile, password and API tokens. */
import { useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { changeMe, changePassword } from '../api/accounts.js';
import { user } from '../shared/session.js';
import { date } from '../shared/format.js';
import { Field, PasswordField } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';
import { PageHeading } from '../shared/PageHeading.jsx';
import { Tokens } from './Tokens.jsx';
import * as checks from './validation.js';
import './account.css';

export default function Account() {
  const person = user.value;
  if (!person) return null;
  return (
    <section class="page account-page">
      <PageHeading
        title="Account"
        lead={`${person.email} · ${person.role} · joined ${date(person.created_at)}`}
      />
      <div class="account-cards">
        <section class="card form" aria-labelledby="profile-title">
          <h2 id="profile-title">Profile</h2>
          <Profile person={person} />
        </section>
        <section class="card form" aria-labelledby="password-title">
          <h2 id="password-title">Password</h2>
          <Password />
        </section>
      </div>
      <Tokens />
    </section>
  );
}

/** @param {{person: import('../api/accounts.js').User}} props */
function Profile({ person }) {
  const [saved, setSaved] = useState(false);
  return (
    <Form
      label="Profile"
      action="Save"
      busy="Saving"
      checks={{ name: checks.name }}
      onSend={async ({ name, affiliation }) => {
        setSaved(false);
        user.value = await changeMe({ name: name.trim(), affiliation: affiliation.trim() });
        setSaved(true);
        announce('Profile saved.');
      }}
      beside={saved && <span class="quiet">Saved</span>}
    >
      {(wrong) => (
        <>
          <Field
            name="name"
            label="Name"
            defaultValue={person.name}
            autoComplete="name"
            wrong={wrong.name}
          />
          <Field
            name="affiliation"
            label="Hospital or institution"
            defaultValue={person.affiliation}
            autoComplete="organization"
            wrong={wrong.affiliation}
          />
        </>
      )}
    </Form>
  );
}

function Password() {
  const [saved, setSaved] = useState(false);
  return (
    <Form
      label="Password"
      action="Change the password"
      busy="Changing the password"
      checks={{ current_password: checks.password, new_password: checks.newPassword }}
      onSend={async ({ current_password, new_password }, form) => {
        setSaved(false);
        await changePassword(current_password, new_password);
        form.reset();
        setSaved(true);
        announce('Password changed.');
      }}
      beside={saved && <span class="quiet">Changed</span>}
    >
      {(wrong) => (
        <>
          <PasswordField
            name="current_password"
            label="Current password"
            autoComplete="current-password"
            wrong={wrong.current_password}
          />
          <PasswordField
            name="new_password"
            label="New password"
            autoComplete="new-password"
            hint={checks.PASSWORD_HINT}
            wrong={wrong.new_password}
          />
        </>
      )}
    </Form>
  );
}
