import { request } from 'node:http';

/** A login of a person or a program. */
export interface LoginTry {
  title: string;
  username: string;
  password: string;
  tenant?: string;
  /** Disconnect this many milliseconds after the form was sent. */
  hangUpAfter?: number;
}

/** The logins of the demonstration. */
export const TRIES: readonly LoginTry[] = [
  { title: 'success', username: 'ann', password: 'correct horse' },
  { title: 'success of another customer', username: 'bo', password: 'correct horse' },
  { title: 'wrong password', username: 'ann', password: 'battery staple', tenant: 'acme' },
  { title: 'unknown user', username: 'mallory@example.com', password: 'guess', tenant: 'acme' },
  { title: 'locked account', username: 'leo', password: 'correct horse' },
  { title: 'success without a customer', username: 'ida', password: 'correct horse' },
  { title: 'aborted request', username: 'ann', password: 'correct horse', hangUpAfter: 15 },
  { title: 'a name with quotes, emoji and NUL', username: '"Zoë" \u{1F600}\0', password: 'guess' },
];

/**
 * Sends a login form over its own connection.
 *
 * @param base the application's address
 * @param attempt the form and its headers
 * @returns the status of the response, or `aborted`
 */
export function logIn(base: string, attempt: LoginTry): Promise<number | 'aborted'> {
  const { username, password, tenant, hangUpAfter } = attempt;
  const form = new URLSearchParams({ username, password, ...(tenant !== undefined && { tenant }) }).toString();
  return new Promise((resolve, reject) => {
    const call = request(`${base}/login`, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(form),
        'user-agent': 'auditlogin-demo',
      },
    });
    call.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', (problem) => (call.destroyed && hangUpAfter !== undefined ? resolve('aborted') : reject(problem)));
    call.on('finish', () => {
      if (hangUpAfter !== undefined) setTimeout(() => call.destroy(), hangUpAfter);
    });
    call.end(form);
  });
}
