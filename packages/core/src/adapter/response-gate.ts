import type { ServerResponse } from 'node:http';

/** The least of a response that is needed to hold its answer back. */
export type GatedResponse = Pick<
  ServerResponse,
  'write' | 'end' | 'writeHead' | 'flushHeaders' | 'statusCode' | 'getHeader' | 'getHeaderNames' | 'removeHeader' | 'setHeader' | 'emit'
>;

type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders';
type Call = (...args: unknown[]) => unknown;

const REFUSAL = 'Service Unavailable\n';

/**
 * Holds an answer back from its first byte on until it may go. If it may not, the client gets 503 instead, without the headers and cookies of the
 * answer.
 *
 * @param response the response of node:http
 * @param noteHead is told what is handed to `writeHead`, which node:http does not show while it is held
 * @param mayGo is asked once, when the answer begins, and told whether it is whole already
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
    // An answer that was ended stays as it was ended, as one that has left would.
    if (calls.at(-1)?.method === 'end') return method === 'write' ? false : response;
    if (method === 'writeHead') {
      if (typeof args[0] === 'number') response.statusCode = args[0];
      noteHead(args);
      // Session middleware asks for the head when the answer ends, which is behind the first write while that is held.
      calls = [{ method, args: args.map(copyOf) }, ...calls.filter((call) => call.method !== 'writeHead')];
    } else {
      calls.push({ method, args });
    }
    if (state === 'idle') {
      state = 'held';
      status = response.statusCode;
      // So that nobody begins a second answer, e.g. for an error that was thrown behind the first.
      Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true });
      // What is written in the same turn is part of what may go: most answers are written at once.
      process.nextTick(() => {
        response.statusCode = status;
        isSettled = true;
        if (!lacksLastByte()) ask();
      });
    } else if (method === 'end' && isSettled) {
      ask();
    }
    // A stream that is told to wait goes on at `drain`.
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
      // Session middleware adds its cookie when the head is written.
      if (method === 'writeHead') response.removeHeader('set-cookie');
      return method === 'writeHead' ? inner.writeHead.apply(response, args) : method === 'write' ? true : response;
    };
  for (const method of Object.keys(inner) as Method[]) own[method] = gate(method);
}

function lengthOf([chunk, encoding]: unknown[]): number {
  if (chunk instanceof Uint8Array) return chunk.length;
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8') : 0;
}

/** Fastify keeps its headers in one object, which a later error changes. */
function copyOf(head: unknown): unknown {
  if (Array.isArray(head)) return [...(head as unknown[])];
  return typeof head === 'object' && head !== null ? { ...head } : head;
}
