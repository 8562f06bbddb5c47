/** API tokens: the person's programs, what each may do, and taking that back. */
import { useEffect, useState } from 'preact/hooks';
import { announce } from '../shared/announcer.js';
import { makeToken, revokeToken, tokens as listTokens } from '../api/accounts.js';
import { copy } from '../shared/clipboard.js';
import { Problem } from '../api/problem.js';
import { isAtLeast } from '../shared/session.js';
import { date, joinList } from '../shared/format.js';
import { ConfirmButton } from '../shared/ConfirmButton.jsx';
import { Field } from '../shared/Field.jsx';
import { Form } from '../shared/Form.jsx';

/**
 * @typedef {import('../api/accounts.js').Scope} Scope
 * @typedef {import('../api/accounts.js').Token} Token
 */

/** @type {{scope: string, role: import('../api/accounts.js').Role, words: string}[]} */
/** @type {{scope: Scope, role: import('../api/accounts.js').Role, words: string}[]} */
const SCOPES = [
  { scope: 'submit', role: 'contributor', words: 'Submit recordings and follow their review' },
  { scope: 'review', role: 'reviewer', words: 'Review the recordings of others' },
  { scope: 'admin', role: 'admin', words: 'Everything that an administrator may do' },
];

const LIVES = [
  { days: 30, words: '30 days' },
  { days: 90, words: '90 days' },
  { days: 365, words: 'One year' },
];

export function Tokens() {
  const [kept, setKept] = useState(/** @type {Token[] | null} */ (null));
  const [made, setMade] = useState(/** @type {(Token & {secret: string}) | null} */ (null));
  const [error, setError] = useState('');
  useEffect(() => {
    listTokens().then(setKept, (problem) => setError(problem.detail));
  }, []);

  /** @param {Token} token */
  async function revoke(token) {
    try {
      await revokeToken(token.id);
      setKept((before) => before?.filter(({ id }) => id !== token.id) ?? null);
      if (made?.id === token.id) setMade(null);
      announce(`The token ${token.name} is revoked.`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setError(problem.detail);
    }
  }

  const inUse = kept?.filter(({ revoked_at }) => !revoked_at) ?? [];
  return (
    <section class="card form" aria-labelledby="tokens-title">
      <h2 id="tokens-title">API tokens</h2>
      <p class="quiet">
        A program signs in with a token instead of your password, as in{' '}
        <code>pocovid submit DIR --token …</code>
      </p>
      {error && (
        <p class="notice notice-problem" role="alert">
          {error}
        </p>
      )}
      {made && <Made token={made} />}
      {inUse.length > 0 && (
        <ul class="tokens" aria-label="Tokens in use">
          {inUse.map((token) => (
            <li key={token.id}>
              <div>
                <b>{token.name}</b> <code>{token.hint}…</code>
                <p class="hint">
                  {joinList(token.scopes)} · created {date(token.created_at)} ·{' '}
                  {token.last_used_at ? `last used ${date(token.last_used_at)}` : 'never used'} ·{' '}
                  {token.expires_at ? `until ${date(token.expires_at)}` : 'no expiry'}
                </p>
              </div>
              <ConfirmButton
                action="Revoke"
                label={`Revoke ${token.name}`}
                question="The program that uses it stops working."
                yes="Revoke it"
                kind="button-quiet"
                onYes={() => revoke(token)}
              />
            </li>
          ))}
        </ul>
      )}
      {kept && inUse.length === 0 && <p>You have no tokens.</p>}
      <details class="fold" open={kept?.length === 0}>
        <summary>Create a token</summary>
        <NewToken
          onMade={(token) => {
            setMade(token);
            setKept((before) => [token, ...(before ?? [])]);
            announce('Token created. Copy it now: it is not shown again.');
          }}
        />
      </details>
    </section>
  );
}

/** @param {{token: Token & {secret: string}}} props */
function Made({ token }) {
  const [copied, setCopied] = useState('');
  const onCopy = async () => {
    try {
      await copy(token.secret);
      setCopied('Copied.');
    } catch {
      setCopied('The browser did not allow copying: select it and copy it by hand.');
    }
  };
  return (
    <div class="notice made">
      <p>
        <b>Copy the token {token.name} now.</b> Only its hash is stored; it cannot be shown again.
      </p>
      <div class="actions">
        <input
          class="input"
          readOnly
          aria-label={`The token ${token.name}`}
          value={token.secret}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button type="button" class="button button-primary" onClick={onCopy}>
          Copy
        </button>
        <span role="status">{copied}</span>
      </div>
    </div>
  );
}

/** @param {{onMade: (token: Token & {secret: string}) => void}} props */
function NewToken({ onMade }) {
  const offered = SCOPES.filter(({ role }) => isAtLeast(role));
  const [scopes, setScopes] = useState(/** @type {Scope[]} */ (['submit']));
  return (
    <Form
      label="New token"
      action="Create token"
      busy="Creating the token"
      checks={{ name: (value) => !value.trim() && 'Name the program or computer it is for.' }}
      onSend={async ({ name, days }, form) => {
        if (scopes.length === 0) {
          throw new Problem({
            code: 'no_scopes',
            detail: 'Choose at least one permission.',
            status: 422,
          });
        }
        onMade(await makeToken({ name: name.trim(), scopes, expires_in_days: Number(days) }));
        form.reset();
      }}
    >
      {(wrong) => (
        <>
          <Field
            name="name"
            label="Name"
            hint="For example: ward 3 upload script"
            wrong={wrong.name}
          />
          <fieldset class="field">
            <legend>Permissions</legend>
            {offered.map(({ scope, words }) => (
              <label key={scope} class="check">
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={({ currentTarget }) =>
                    setScopes(
                      currentTarget.checked
                        ? [...scopes, scope]
                        : scopes.filter((each) => each !== scope),
                    )
                  }
                />
                {words}
              </label>
            ))}
          </fieldset>
          <div class="field">
            <label for="token-days">Valid for</label>
            <select id="token-days" name="days" class="input">
              {LIVES.map(({ days, words }) => (
                <option key={days} value={days}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        </>
      )}
    </Form>
  );
}
