import { Pool } from 'undici';
import type { SerialisedEvent } from '../event/serialise.js';
import { type Answer, readAnswer } from './answer.js';
import { readFailure } from './failure.js';
import type { Transport } from './transport.js';

/** Where to send, as whom, and how patiently. */
export interface HttpTransportOptions {
  /** The API's base address, without a slash at the end. */
  apiBase: string;
  project: string;
  token: string;
  /** The most connections at a time. */
  connections: number;
  /** How long to wait for a connection, in milliseconds. */
  connectTimeout: number;
  /** How long to wait for the answer's head, and between two pieces of its body, in milliseconds. */
  timeout: number;
}

/** The server closes idle connections after 5 s (Publisher API, "Calls"): be first. */
const KEEP_ALIVE = 4_000;
const MAX_ANSWER = 1_048_576;

/**
 * Sends events by HTTP over connections that stay open. Redirects are not followed: they would carry the token elsewhere.
 *
 * @param options where to send and how patiently
 */
export function httpTransport(options: HttpTransportOptions): Transport {
  const base = new URL(options.apiBase);
  const pool = new Pool(base.origin, {
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE,
    keepAliveMaxTimeout: KEEP_ALIVE,
    headersTimeout: options.timeout,
    bodyTimeout: options.timeout,
    connect: { timeout: options.connectTimeout },
  });
  const path = `${base.pathname.replace(/\/+$/, '')}/publisher/v1/project/${encodeURIComponent(options.project)}/event`;
  const headers = {
    authorization: `Token token=${options.token}`,
    'content-type': 'application/json',
    accept: 'application/json',
  };

  async function post(events: readonly SerialisedEvent[]): Promise<Answer> {
    const single = events.length === 1;
    const response = await pool.request({
      method: 'POST',
      path: single ? path : `${path}/bulk`,
      headers,
      body: single ? events[0]!.body : `{"events":[${events.map((event) => event.body).join(',')}]}`,
    });
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode,
      body: await readBounded(response.body),
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    };
  }

  return {
    async send(events) {
      try {
        return readAnswer(await post(events), events.length, events.length === 1, options.token);
      } catch (thrown) {
        return readFailure(thrown, options.apiBase);
      }
    },
    close: () => pool.destroy(),
  };
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
