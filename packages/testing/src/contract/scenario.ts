import assert from 'node:assert/strict';
import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { AuditEvent, AuditLoginOptions, Marker } from '@auditlogin/core';

/** One exchange, as a scenario's handler acts on it in any framework. */
export interface ContractExchange {
  body: unknown;
  headers: IncomingHttpHeaders;
  /** What the router took from the path. */
  params: Record<string, string>;
  /** The one marker of the exchange. */
  mark: Marker;
  /** A marker of its own for each call. */
  newMarker(): Marker;
  /** Adds a header to the answer. */
  header(name: string, value: string): void;
  /** Answers with a status and JSON. */
  json(status: number, body: unknown): Promise<void>;
  /** Answers with a status and bytes as they are, of the type JSON. */
  bytes(status: number, body: Buffer): Promise<void>;
  redirect(location: string): Promise<void>;
  /** Answers in pieces, with a pause between them. */
  stream(pieces: string[], pause: number): Promise<void>;
  /** Fails in the framework's own way, so that its error handling answers with the status. */
  fail(status: number): never;
  /** Never answers. */
  hang(): Promise<void>;
  /** Puts a user where the framework's authentication would. */
  setUser(user: unknown): void;
  /** Keeps a value in the session as it is. */
  keep(key: string, value: unknown): void;
  /** What the session keeps. */
  kept(key: string): unknown;
  /** Logs a user into a new session, as the framework's session library does it. */
  logIn(userId: string): Promise<void>;
  /** Ends the session's login, as the framework's session library does it. */
  logOut(): Promise<void>;
}

/** Where every adapter mounts the handler of a scenario. */
export const contractRoutes = [
  ['post', '/login'],
  ['put', '/login'],
  ['post', '/api/v1/sign-in/email'],
  ['post', '/oauth/token'],
  ['post', '/checkout/session'],
  ['post', '/graphql'],
  ['get', '/callback'],
  ['get', '/magic/:code'],
  ['post', '/logout'],
  ['post', '/mfa'],
  ['post', '/password'],
  ['post', '/impersonate'],
  ['post', '/unimpersonate'],
  ['get', '/other'],
  ['post', '/other'],
] as const;

/** A running application under the contract. */
export interface ContractServer {
  /** `http://127.0.0.1:port` */
  base: string;
  close(): Promise<void>;
}

/** What an adapter shows to the contract: how to start an application. */
export interface ContractAdapter {
  /**
   * Starts an application with sessions (a cookie, and an anonymous session for everybody), a JSON body parser and the adapter, on `host` and with
   * `trustedProxies` proxies trusted.
   *
   * @param options for the adapter
   * @param handler is on all {@link contractRoutes}, and on POST /enter, where the adapter is told to audit the route
   */
  start(
    options: AuditLoginOptions<never>,
    handler: (exchange: ContractExchange) => Promise<void>,
    setup: ContractSetup,
  ): Promise<ContractServer>;
}

export interface ContractSetup {
  /** The address to listen on: `127.0.0.1`, or `::` for both families. */
  host: string;
  trustedProxies: number;
  /** Mount the adapter twice. */
  twice: boolean;
  /** The session's store takes nothing. */
  storeIsDown: boolean;
  /** Runs before the handler, behind the sessions, and may answer itself. */
  before?: (exchange: ContractExchange) => Promise<'answered' | undefined>;
}

/** What a client does, and what must be audited. */
export interface Scenario {
  name: string;
  options?: Partial<AuditLoginOptions<never>>;
  setup?: Partial<ContractSetup>;
  /** It is about what comes behind an answer, which an answer that is held back does not have. */
  onlyAfterResponse?: true;
  handler(exchange: ContractExchange): Promise<void>;
  /** @param client sends requests to the application */
  client(client: ContractClient): Promise<unknown>;
  /** What each event must have, in order of the attempts; a function looks at all of them. */
  expected: readonly PartialEvent[] | ((events: readonly AuditEvent[]) => void);
  /** How many events to wait for, where `expected` is a function. @default 1 */
  count?: number;
  /** The problems that are reported to the application. @default none */
  problems?: readonly RegExp[];
}

/** Parts of an event; undefined says that a part or field is not there. */
export type PartialEvent = Omit<{ [K in keyof AuditEvent]?: AuditEvent[K] | undefined }, 'fields'> & {
  fields?: Record<string, string | undefined>;
};

/** Sends requests as a browser or a program would. */
export interface ContractClient {
  /** Sends a request and reads its answer. */
  send(method: string, path: string, options?: SendOptions): Promise<ContractAnswer | 'aborted'>;
  /** Sends bytes on one connection, and hangs up after some milliseconds. */
  raw(bytes: string, hangUp: number): Promise<void>;
}

export interface ContractAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface SendOptions {
  body?: unknown;
  headers?: Record<string, string>;
  /** Hang up this many milliseconds after sending, or when the answer's head has come. */
  hangUp?: number | 'head';
  agent?: Agent;
  /** Connect to this address of the application. @default '127.0.0.1' */
  host?: string;
  /** Send neither a cookie nor a key beside what `headers` names. */
  isBare?: true;
}

/** Secrets that every scenario carries, and that may be found nowhere. */
export const CANARIES = {
  password: 'pw-canary-5f1c!Zq',
  token: 'tk-canary-77aa20c4e1',
  cookie: 'ck-canary-03bb9d1f55',
  issued: 'is-canary-9e41d07b62c8',
};

/** What most requests carry. */
export const LOGIN = { username: 'ann', password: CANARIES.password, refreshToken: CANARIES.token };

/** Tries to log in. */
export const post = (client: ContractClient, options: SendOptions = {}): ReturnType<ContractClient['send']> =>
  client.send('POST', '/login', { body: LOGIN, ...options });

/** Answers with 200, which proves nothing. */
export const ok = (exchange: ContractExchange): Promise<void> => exchange.json(200, {});

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The session cookie that an answer set, as a `Cookie` header. */
export function cookieOf(answer: Awaited<ReturnType<ContractClient['send']>>): string {
  const cookies = answer === 'aborted' ? [] : (answer.headers['set-cookie'] ?? []);
  assert.notEqual(cookies.length, 0, 'the application set no session cookie');
  return cookies.map((text) => text.split(';')[0]).join('; ');
}

/** A JSON Web Token; nobody checks its signature. */
export function tokenFor(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.${Buffer.from(CANARIES.issued).toString('base64url')}`;
}

/**
 * Holds an event against what it must have.
 *
 * @param event the event
 * @param expected its parts
 * @param what names the event in the message of a failure
 */
export function compare(event: AuditEvent, { fields, ...parts }: PartialEvent, what = ''): void {
  const about = `${what} ${JSON.stringify(event)}`;
  for (const [key, value] of Object.entries(parts)) assert.deepEqual(event[key as keyof AuditEvent], value, `${key} of ${about}`);
  for (const [key, value] of Object.entries(fields ?? {})) assert.equal(event.fields?.[key], value, `fields.${key} of ${about}`);
}

/** One request of a {@link table}: what it is, what its handler does, what is recorded. */
export interface Row {
  is: string;
  does(exchange: ContractExchange): unknown;
  /** undefined for no event. */
  expected: PartialEvent | undefined;
  method?: string;
  path?: string;
  body?: object;
  headers?: Record<string, string>;
  isBare?: true;
}

const CASE = 'x-case';

/**
 * A scenario of one application and a request for each row.
 *
 * @param name states the behaviour that all rows show
 * @param rows the requests
 * @param more options and set-up of the application
 */
export function table(name: string, rows: readonly Row[], more: Partial<Scenario> = {}): Scenario {
  return {
    ...more,
    name,
    handler: async (x) => void (await rows[Number(x.headers[CASE])]!.does(x)),
    async client(client) {
      for (const [index, { method = 'POST', path = '/login', body, headers, isBare }] of rows.entries()) {
        const trace = `00-${String(index + 1).padStart(32, '0')}-00f067aa0ba902b7-01`;
        await client.send(method, path, {
          ...(method !== 'GET' && method !== 'HEAD' && { body: { ...LOGIN, ...body } }),
          headers: { [CASE]: String(index), traceparent: trace, ...headers },
          ...(isBare && { isBare }),
        });
      }
    },
    count: rows.filter(({ expected }) => expected !== undefined).length,
    expected(events) {
      rows.forEach(({ is, expected }, index) => {
        const seen = events.filter(({ fields }) => Number(fields?.['trace_id']) === index + 1);
        assert.equal(seen.length, expected === undefined ? 0 : 1, `${is}: ${seen.length} events: ${JSON.stringify(seen)}`);
        if (expected) compare(seen[0]!, expected, `${is}:`);
      });
    },
  };
}

/** Parts of events that many scenarios expect. */
export const is = {
  success: (actor: string, evidence: string): PartialEvent => ({
    action: 'user.login',
    is_failure: false,
    is_anonymous: false,
    actor: { id: actor },
    fields: { outcome: 'success', evidence },
  }),
  failure: (evidence = 'status', reason?: string): PartialEvent => ({
    is_failure: true,
    is_anonymous: true,
    actor: undefined,
    fields: { outcome: 'failure', evidence, ...(reason !== undefined && { reason }) },
  }),
  challenge: (evidence: string): PartialEvent => ({
    action: 'user.login.challenge',
    is_failure: false,
    is_anonymous: true,
    actor: undefined,
    fields: { outcome: 'challenge', evidence },
  }),
  unknown: (evidence = 'status'): PartialEvent => ({
    is_failure: true,
    is_anonymous: true,
    actor: undefined,
    fields: { outcome: 'unknown', evidence },
  }),
};
