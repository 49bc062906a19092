import type { Collector } from '../src/index.js';

/** A signed-in session of the viewer. */
export interface SignedIn {
  session: object;
  cookie: string;
  /** Requests JSON from the viewer's API. */
  viewer<T = Record<string, unknown>>(path: string): Promise<T>;
  raw(path: string, options?: RequestInit): Promise<Response>;
}

export async function signedIn(collector: Collector, token = collector.token): Promise<SignedIn> {
  const base = `${collector.viewer}viewer/`;
  const answer = await fetch(`${base}session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (answer.status !== 201) throw new Error(`not signed in: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.get('set-cookie')!;
  const raw = (path: string, options: RequestInit = {}): Promise<Response> =>
    fetch(base + path, { ...options, headers: { cookie: cookie.split(';')[0]!, ...options.headers } });
  return {
    session: (await answer.json()) as object,
    cookie,
    raw,
    viewer: async <T>(path: string) => (await (await raw(path)).json()) as T,
  };
}
