import { once } from 'node:events';
import { connect } from 'node:net';

/** A token in a JSON body. */
const TOKEN = /"(?:\w*token|jwt)"\s*:\s*"([^"]{16,})"/gi;

/** A response of the application with its whole body. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** Returns a value in the JSON body as text, e.g. `at('user', 'id')`. Throws if there is none. */
  at(...path: (string | number)[]): string;
}

/** Headers and body of a request. */
export interface Sent {
  json?: unknown;
  form?: Record<string, string>;
  headers?: Record<string, string>;
}

/** A client of one application that behaves like a browser: it stores cookies and responses. It does not follow redirects. */
export class Client {
  readonly answers: Answer[] = [];
  /** The cookies, by name; a case may change them. */
  readonly cookies = new Map<string, string>();
  /** The values of all cookies and tokens in responses. */
  readonly secrets = new Set<string>();

  /**
   * @param base `http://127.0.0.1:PORT`
   * @param userAgent identifies the events of the client's requests
   */
  constructor(
    readonly base: string,
    private readonly userAgent: string,
  ) {}

  get(path: string, sent: Sent = {}): Promise<Answer> {
    return this.send('GET', path, sent);
  }

  post(path: string, sent: Sent = {}): Promise<Answer> {
    return this.send('POST', path, sent);
  }

  /** Sends a request. `path` may be a whole URL on this machine, since applications redirect to each other. */
  async send(method: string, path: string, { json, form, headers = {} }: Sent = {}): Promise<Answer> {
    const body = json === undefined ? form && new URLSearchParams(form) : JSON.stringify(json);
    const response = await fetch(new URL(path, this.base), {
      method,
      redirect: 'manual',
      headers: {
        'user-agent': this.userAgent,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(this.cookies.size > 0 && { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    for (const cookie of response.headers.getSetCookie()) this.keep(cookie);
    const text = await response.text();
    for (const [, token] of text.matchAll(TOKEN)) this.secrets.add(token!);
    const answer: Answer = { status: response.status, headers: response.headers, text, at: (...names) => valueAt(text, names) };
    this.answers.push(answer);
    return answer;
  }

  /** Disconnects while sending a body, after the server has received the head. */
  async hangUp(path: string, contentType = 'application/json'): Promise<void> {
    const { hostname, port } = new URL(this.base);
    const socket = connect(Number(port), hostname);
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      `User-Agent: ${this.userAgent}`,
      `Content-Type: ${contentType}`,
      'Content-Length: 1000',
      'Expect: 100-continue',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    socket.write('{"');
    socket.resetAndDestroy();
    await once(socket, 'close');
  }

  /** Requests a page and disconnects while the application handles the request, as its interim response (RFC 9110, section 15.2) shows. */
  async leave(path: string): Promise<void> {
    const { hostname, port } = new URL(this.base);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUser-Agent: ${this.userAgent}\r\n\r\n`);
    await once(socket, 'data');
    socket.resetAndDestroy();
    await once(socket, 'close');
  }

  private keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(';');
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const isGone = value === '' || attributes.some((one) => /^\s*(?:max-age=0$|expires=Thu, 01 Jan 1970)/i.test(one));
    if (isGone) this.cookies.delete(name);
    else this.cookies.set(name, value);
    if (value.length >= 16) this.secrets.add(value);
  }
}

function valueAt(text: string, path: (string | number)[]): string {
  let value: unknown = JSON.parse(text);
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new Error(`the answer has no ${path.join('.')}: ${text.slice(0, 200)}`);
}
