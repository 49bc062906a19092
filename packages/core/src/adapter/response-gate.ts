import type { ServerResponse } from 'node:http';

/** The methods of a response that are needed to hold it back. */
export type GatedResponse = Pick<
  ServerResponse,
  'write' | 'end' | 'writeHead' | 'flushHeaders' | 'statusCode' | 'getHeader' | 'getHeaderNames' | 'removeHeader' | 'setHeader' | 'emit'
>;

type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type Call = (...args: unknown[]) => unknown;

const REFUSAL = 'Service Unavailable\n';

/**
 * Holds a response back from its first byte until it may be sent. If it may not be sent, the client gets 503 instead, without the handler's headers
 * and cookies.
 *
 * @param response the response of node:http
 * @param noteHead called with the arguments of `writeHead`, which node:http does not expose while the response is held back
 * @param mayGo called once, when the response begins, with whether it is already complete; decides whether it is sent
 */
export function gateResponse(
  response: GatedResponse,
  noteHead: (args: unknown[]) => void,
  mayGo: (isWhole: boolean) => Promise<boolean>,
): void {
  const own = response as unknown as Record<Method, Call>;
  const inner: Record<Method, Call> = { writeHead: own.writeHead, write: own.write, end: own.end, flushHeaders: own.flushHeaders };
  let state: 'idle' | 'held' | 'open' | 'refused' = 'idle';
  let calls: { method: Method; args: unknown[] }[] = [];
  let status = 0;
  let isSettled = false;
  let isAsked = false;

  function hold(method: Method, args: unknown[]): unknown {
    // Once the handler has called `end()`, later writes to a held response are ignored, as Node does for a response that was sent.
    if (calls.at(-1)?.method === 'end') return method === 'write' ? false : response;
    if (method === 'writeHead') {
      if (typeof args[0] === 'number') response.statusCode = args[0];
      noteHead(args);
      // Session middleware calls `writeHead` when the response ends, which is after the first write while that is held back.
      calls = [{ method, args: args.map(copyOf) }, ...calls.filter((call) => call.method !== 'writeHead')];
    } else {
      calls.push({ method, args });
    }
    if (state === 'idle') {
      state = 'held';
      status = response.statusCode;
      // Prevents a second response, e.g. for an error that is thrown after the first one.
      Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true });
      // Waits for the writes of this turn, since most responses are written at once and are then complete.
      process.nextTick(() => {
        response.statusCode = status;
        isSettled = true;
        if (!lacksLastByte()) ask();
      });
    } else if (method === 'end' && isSettled) {
      ask();
    }
    // `false` makes a stream wait for `drain`.
    return method === 'write' ? false : response;
  }

  /** Asks once. */
  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    void mayGo(calls.at(-1)?.method === 'end').then((may) => (may ? release() : refuse()));
  }

  /** express-session writes all but the last byte of an answer, and ends it with that when its store has taken the session. */
  function lacksLastByte(): boolean {
    if (calls.at(-1)?.method === 'end') return false;
    const bytes = calls.reduce((sum, { method, args }) => (method === 'write' ? sum + lengthOf(args) : sum), 0);
    return bytes > 0 && bytes === Number(response.getHeader('content-length')) - 1;
  }

  function letGo(next: 'open' | 'refused'): void {
    state = next;
    delete (response as { headersSent?: boolean }).headersSent;
  }

  function release(): void {
    letGo('open');
    response.statusCode = status;
    const held = calls;
    calls = [];
    for (const { method, args } of held) inner[method].apply(response, args);
    if (held.some(({ method }) => method === 'write')) response.emit('drain');
  }

  function refuse(): void {
    letGo('refused');
    calls = [];
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.statusCode = 503;
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.setHeader('content-length', REFUSAL.length);
    response.setHeader('cache-control', 'no-store');
    inner.end.call(response, REFUSAL);
  }

  const gate =
    (method: Method): Call =>
    (...args) => {
      if (state === 'idle' || state === 'held') return hold(method, args);
      if (state === 'open') return inner[method].apply(response, args);
      // Session middleware adds its cookie in `writeHead`.
      if (method === 'writeHead') response.removeHeader('set-cookie');
      return method === 'writeHead' ? inner.writeHead.apply(response, args) : method === 'write' ? true : response;
    };
  for (const method of Object.keys(inner) as Method[]) own[method] = gate(method);
}

function lengthOf([chunk, encoding]: unknown[]): number {
  if (chunk instanceof Uint8Array) return chunk.length;
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8') : 0;
}

/** Copies the headers, since Fastify reuses its object for the headers of a later error. */
function copyOf(head: unknown): unknown {
  if (Array.isArray(head)) return [...(head as unknown[])];
  return typeof head === 'object' && head !== null ? { ...head } : head;
}
