import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, ApiProblem, type Session } from './api.js';
import { Log } from './log.js';
import { SignIn } from './sign-in.js';

/** Takes the token of a link out of the address at once, so that the browser's history does not keep it. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token ?? undefined;
}

/** The viewer: the sign-in form, or the log after signing in. */
export function App(): JSX.Element | null {
  const [session, setSession] = useState<Session>();
  const [problem, setProblem] = useState<string>();
  const [isReady, setReady] = useState(false);

  useEffect(() => {
    async function begin(): Promise<void> {
      const token = takeToken();
      try {
        setSession(await (token === undefined ? api.session() : api.signIn(token)));
      } catch (thrown) {
        const isExpected = thrown instanceof ApiProblem && thrown.status === 401 && token === undefined;
        if (!isExpected) setProblem(thrown instanceof Error ? thrown.message : String(thrown));
      }
      setReady(true);
    }
    void begin();
    // Following a link while the page is open changes only the fragment.
    const again = (): void => void begin();
    addEventListener('hashchange', again);
    return () => removeEventListener('hashchange', again);
  }, []);

  if (!isReady) return null;
  if (!session) return <SignIn problem={problem} onSession={setSession} />;
  return (
    <Log
      session={session}
      onEnd={(why) => {
        setProblem(why);
        setSession(undefined);
      }}
    />
  );
}
