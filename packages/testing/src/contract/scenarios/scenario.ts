import assert from 'node:assert/strict';
import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { AuditEvent, AuditLoginOptions, Marker } from '@auditlogin/core';

/** One exchange. The handlers of scenarios use it in every framework. */
export interface ContractExchange {
  body: unknown;
  headers: IncomingHttpHeaders;
  /** The route parameters. */
  params: Record<string, string>;
  /** The one marker of the exchange. */
  mark: Marker;
  /** Returns a new marker with every call. */
  newMarker(): Marker;
  /** Sets a header of the response. */
  header(name: string, value: string): void;
  /** Responds with a status and JSON. */
  json(status: number, body: unknown): Promise<void>;
  /** Responds with a status and these bytes, with the content type of JSON. */
  bytes(status: number, body: Buffer): Promise<void>;
  redirect(location: string): Promise<void>;
  /** Responds in chunks, with a pause between them. */
  stream(pieces: string[], pause: number): Promise<void>;
  /** Throws an error in the framework's own way, so that its error handler responds with the status. */
  fail(status: number): never;
  /** Never responds. */
  hang(): Promise<void>;
  /** Sets the user in the place where the framework's authentication sets it. */
  setUser(user: unknown): void;
  /** Stores a value in the session. */
  keep(key: string, value: unknown): void;
  /** Reads a value from the session. */
  kept(key: string): unknown;
  /** Logs a user in and renews the session, in the way of the framework's session library. */
  logIn(userId: string): Promise<void>;
  /** Logs the user out, in the way of the framework's session library. */
  logOut(): Promise<void>;
}

/** The routes on which every adapter mounts a scenario's handler. */
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

/** A running application under test. */
export interface ContractServer {
  /** `http://127.0.0.1:port` */
  base: string;
  close(): Promise<void>;
}

/** Starts applications with an adapter for the contract. */
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
  /** The address to listen on: `127.0.0.1`, or `::` for IPv4 and IPv6. */
  host: string;
  trustedProxies: number;
  /** Whether the adapter is mounted twice. */
  twice: boolean;
  /** Whether the session store fails every write. */
  storeIsDown: boolean;
  /** Runs after the session middleware and before the handler, and may respond itself. */
  before?: (exchange: ContractExchange) => Promise<'answered' | undefined>;
}

/** A test: what a client does, and which events must be recorded. */
export interface Scenario {
  name: string;
  options?: Partial<AuditLoginOptions<never>>;
  setup?: Partial<ContractSetup>;
  /** Whether the scenario needs an event that is recorded after the response, so that it cannot run with `before-response`. */
  onlyAfterResponse?: true;
  handler(exchange: ContractExchange): Promise<void>;
  /** @param client sends requests to the application */
  client(client: ContractClient): Promise<unknown>;
  /** The expected attributes of each event, in the order of the attempts, or a function that checks all events. */
  expected: readonly PartialEvent[] | ((events: readonly AuditEvent[]) => void);
  /** Number of events to wait for if `expected` is a function. @default 1 */
  count?: number;
  /** The problems that must be reported to the application. @default none */
  problems?: readonly RegExp[];
}

/** Attributes of an event; undefined means that the attribute or field must be absent. */
export type PartialEvent = Omit<{ [K in keyof AuditEvent]?: AuditEvent[K] | undefined }, 'fields'> & {
  fields?: Record<string, string | undefined>;
};

/** Sends requests like a browser or a program. */
export interface ContractClient {
  /** Sends a request and reads the response. */
  send(method: string, path: string, options?: SendOptions): Promise<ContractAnswer | 'aborted'>;
  /** Sends bytes on one connection, and closes it after `hangUp` milliseconds. */
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
  /** Close the connection this many milliseconds after sending, or when the response's head has arrived. */
  hangUp?: number | 'head';
  agent?: Agent;
  /** Connect to this address of the application. @default '127.0.0.1' */
  host?: string;
  /** Send no cookie and no key other than those in `headers`. */
  isBare?: true;
}

/** Secrets that requests carry and that must not occur in any event, log or file. */
export const CANARIES = {
  password: 'pw-canary-5f1c!Zq',
  token: 'tk-canary-77aa20c4e1',
  cookie: 'ck-canary-03bb9d1f55',
  issued: 'is-canary-9e41d07b62c8',
};

/** The body of most requests. */
export const LOGIN = { username: 'ann', password: CANARIES.password, refreshToken: CANARIES.token };

/** Sends a login request. */
export const post = (client: ContractClient, options: SendOptions = {}): ReturnType<ContractClient['send']> =>
  client.send('POST', '/login', { body: LOGIN, ...options });

/** Responds with 200, which proves nothing. */
export const ok = (exchange: ContractExchange): Promise<void> => exchange.json(200, {});

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Returns the session cookie that a response set, as a `Cookie` header. */
export function cookieOf(answer: Awaited<ReturnType<ContractClient['send']>>): string {
  const cookies = answer === 'aborted' ? [] : (answer.headers['set-cookie'] ?? []);
  assert.notEqual(cookies.length, 0, 'the application set no session cookie');
  return cookies.map((text) => text.split(';')[0]).join('; ');
}

/** Creates a JSON Web Token, whose signature nobody checks. */
export function tokenFor(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.${Buffer.from(CANARIES.issued).toString('base64url')}`;
}

/**
 * Asserts that an event has the expected attributes.
 *
 * @param event the event
 * @param expected the expected attributes
 * @param what names the event in the message of a failure
 */
export function compare(event: AuditEvent, { fields, ...parts }: PartialEvent, what = ''): void {
  const about = `${what} ${JSON.stringify(event)}`;
  for (const [key, value] of Object.entries(parts)) assert.deepEqual(event[key as keyof AuditEvent], value, `${key} of ${about}`);
  for (const [key, value] of Object.entries(fields ?? {})) assert.equal(event.fields?.[key], value, `fields.${key} of ${about}`);
}

/** One request of a {@link table}: its name, its handler and the expected event. */
export interface Row {
  is: string;
  does(exchange: ContractExchange): unknown;
  /** The expected event; undefined if none may be recorded. */
  expected: PartialEvent | undefined;
  method?: string;
  path?: string;
  body?: object;
  headers?: Record<string, string>;
  isBare?: true;
}

const CASE = 'x-case';

/**
 * Creates a scenario that sends one request per row to one application.
 *
 * @param name the behaviour that all rows show
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

/** Expected attributes that many scenarios share. */
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
