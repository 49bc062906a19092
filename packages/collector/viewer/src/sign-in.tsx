import type { JSX, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { api, ApiProblem, type Session } from './api.js';

/** The form that asks for a token. */
export function SignIn({ problem, onSession }: { problem: string | undefined; onSession: (session: Session) => void }): JSX.Element {
  const [message, setMessage] = useState(problem);
  async function submit(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    try {
      onSession(await api.signIn(typeof token === 'string' ? token.trim() : ''));
    } catch (thrown) {
      setMessage(thrown instanceof ApiProblem ? thrown.message : String(thrown));
    }
  }
  return (
    <main class="sign-in">
      <h1>Login audit</h1>
      <form class="card" onSubmit={(event) => void submit(event)}>
        <label>
          <span>Token</span>
          <input name="token" type="password" autocomplete="off" required aria-describedby="token-help" />
        </label>
        <p class="soft" id="token-help">
          A publisher token of this collector, or a viewer token. <code>auditlogin dev</code> prints a link that contains one.
        </p>
        {message && (
          <p class="problem" role="alert">
            {message}
          </p>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
