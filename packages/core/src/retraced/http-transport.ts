import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AuditError, isAuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import { eventHash } from '../event/hash.js';
import { READ_BACK, readBack } from './read-back.js';
import type { SerialisedEvent } from '../event/serialise.js';
import { connections } from './proxy.js';
import { type Answer, readAnswer, readSearch } from './response.js';
import { readFailure } from './connection-error.js';
import type { Search, ServerDelivery, Transport } from '../publish/transport.js';

/** The server, the credentials and the time-outs. */
export interface HttpTransportOptions {
  /** The API's base address, without a slash at the end. */
  apiBase: string;
  project: string;
  /** The token, or a function that returns it. The function is called before each request, so that the token can be rotated. */
  token: string | (() => string | Promise<string>);
  /** The most connections at a time. */
  connections: number;
  /** How long to wait for a connection, in milliseconds. */
  connectTimeout: number;
  /** How long to wait for a token, for the response's head, and for the whole of its body, in milliseconds each. */
  timeout: number;
}

/** The server closes idle connections after 5 s (Publisher API, "Calls"), so the client closes them earlier. */
const KEEP_ALIVE = 4_000;
/** The longest response that is read, in bytes: twice that of a search for fifty events of the largest size. */
const MAX_ANSWER = 16_777_216;
const SEARCH = `query ($query: String!, $last: Int!) { search(query: $query, last: $last) { edges { node { ${READ_BACK} } } } }`;
/** Ids that can be searched for. Other ids would need quoting, and the query language cannot quote commas. */
const SEARCHABLE_ID = /^[\w.-]{1,128}$/;
const HEADER_SAFE = /^[\x21-\x7e]+$/;

/** Collects a response. Implementing undici's handler avoids a stream for every call. */
class AnswerReader implements Dispatcher.DispatchHandler {
  private readonly pieces: Buffer[] = [];
  private late: NodeJS.Timeout | undefined;
  private status = 0;
  private retryAfter: string | undefined;

  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: Error) => void,
    private readonly timeout: number,
  ) {}

  /** undici recognises its newer handler interface by this method. */
  onRequestStart(): void {}

  /** undici limits the pause between two chunks only, so that a server could go on for ever. */
  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.late = setTimeout(() => controller.abort(Object.assign(new Error('late'), { code: 'UND_ERR_BODY_TIMEOUT' })), this.timeout);
    this.status = status;
    // A repeated header is an array.
    this.retryAfter = [headers['retry-after']].flat()[0];
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.pieces.push(piece);
  }

  onResponseEnd(): void {
    clearTimeout(this.late);
    const { status, retryAfter, pieces } = this;
    this.resolve({ status, retryAfter, body: (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)).toString() });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.late);
    this.reject(error);
  }
}

/**
 * Creates a transport that sends events by HTTP over persistent connections. It does not follow redirects, which could send the token to another
 * host.
 *
 * @param options server, credentials and time-outs
 */
export function httpTransport(options: HttpTransportOptions): Transport<ServerDelivery> {
  const base = new URL(options.apiBase);
  const agent = connections({
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE,
    keepAliveMaxTimeout: KEEP_ALIVE,
    headersTimeout: options.timeout,
    bodyTimeout: options.timeout,
    maxResponseSize: MAX_ANSWER,
    connect: { timeout: options.connectTimeout },
  });
  const project = `${base.pathname.replace(/\/+$/, '')}/publisher/v1/project/${encodeURIComponent(options.project)}`;

  /** Returns a token that may be sent. A call without one crashes the server (Publisher API, trap 7). */
  async function tokenNow(): Promise<string> {
    if (typeof options.token === 'string') return options.token;
    let token: unknown;
    try {
      token = await inTime(options.token(), options.timeout);
    } catch (thrown) {
      if (isAuditError(thrown)) throw thrown;
      const kind = thrown instanceof Error ? thrown.name : typeof thrown;
      throw new AuditError('ERR_AUDIT_UNAUTHORIZED', `The "token" function threw (${kind}).`, { field: 'token' });
    }
    if (typeof token === 'string' && HEADER_SAFE.test(token.trim())) return token.trim();
    throw new AuditError(
      'ERR_AUDIT_UNAUTHORIZED',
      'The "token" function returned no usable token; expected a string of visible ASCII characters.',
      {
        field: 'token',
      },
    );
  }

  function post(path: string, body: string, token: string): Promise<Answer> {
    const headers = { authorization: `Token token=${token}`, 'content-type': 'application/json', accept: 'application/json' };
    return new Promise((resolve, reject) => {
      agent.dispatch(
        { method: 'POST', origin: base.origin, path: project + path, headers, body },
        new AnswerReader(resolve, reject, options.timeout),
      );
    });
  }

  async function send(events: readonly SerialisedEvent[]): Promise<ServerDelivery> {
    try {
      const isSingle = events.length === 1;
      const token = await tokenNow();
      const body = isSingle ? events[0]!.body : `{"events":[${events.map((event) => event.body).join(',')}]}`;
      return readAnswer(await post(isSingle ? '/event' : '/event/bulk', body, token), events.length, isSingle, token);
    } catch (thrown) {
      return isAuditError(thrown) ? { kind: 'retry', error: thrown, inDoubt: false } : readFailure(thrown, options.apiBase);
    }
  }

  async function find(externalIds: readonly string[]): Promise<Search> {
    const ids = externalIds.filter((id) => SEARCHABLE_ID.test(id));
    if (ids.length === 0) return { kind: 'searched', receipts: new Map() };
    try {
      const token = await tokenNow();
      const variables = { query: `external_id:${ids.join(',')}`, last: ids.length * 2 };
      const nodes = readSearch(await post('/graphql', JSON.stringify({ query: SEARCH, variables }), token), token);
      const receipts = new Map<string, Receipt>();
      for (const { id, event } of nodes.map(readBack)) {
        if (event.external_id !== undefined) receipts.set(event.external_id, { id, hash: eventHash(id, event) });
      }
      return { kind: 'searched', receipts };
    } catch (thrown) {
      if (isAuditError(thrown)) return { kind: 'failed', error: thrown };
      return { kind: 'failed', error: (readFailure(thrown, options.apiBase) as { error: AuditError }).error };
    }
  }

  return { send, find, close: () => agent.destroy() };
}

/**
 * Creates the transport for an auditor's settings.
 *
 * @param settings the settings of an auditor or relay
 */
export function transportTo(
  settings: Pick<HttpTransportOptions, 'apiBase' | 'project' | 'token'> & {
    publish: Pick<HttpTransportOptions, 'connectTimeout' | 'timeout'> & { concurrency: number };
  },
): Transport<ServerDelivery> {
  const { apiBase, project, token, publish } = settings;
  const { connectTimeout, timeout, concurrency } = publish;
  return httpTransport({ apiBase, project, token, connectTimeout, timeout, connections: concurrency });
}

/** Waits for a token of the application, which may never come. */
async function inTime<T>(token: T | Promise<T>, timeout: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new AuditError('ERR_AUDIT_UNAUTHORIZED', `The "token" function took longer than ${timeout} ms.`, { field: 'token' });
    timer = setTimeout(reject, timeout, error);
  });
  try {
    return await Promise.race([token, late]);
  } finally {
    clearTimeout(timer);
  }
}
