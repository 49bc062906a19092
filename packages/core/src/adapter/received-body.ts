import { IncomingMessage } from 'node:http';

/** The parts of a request that are needed to capture its body. */
export type ReceivedRequest = Pick<IncomingMessage, 'headers' | 'push' | 'readableDidRead' | 'readableLength' | 'complete'>;

/** Returns the parsed body; undefined if it did not arrive completely, is too long, or is of another kind. */
export type ReceivedBody = () => unknown;

/** How the kinds of bodies are parsed that carry a login. */
const PARSERS: readonly (readonly [type: RegExp, parse: (text: string) => unknown])[] = [
  [/^application\/(?:[\w.-]+\+)?json\b/i, (text) => JSON.parse(text) as unknown],
  [/^application\/x-www-form-urlencoded\b/i, (text) => Object.fromEntries(new URLSearchParams(text))],
  [/^application\/graphql\b/i, (text) => text],
];

/**
 * Captures the body of a request while it arrives, for handlers that read it themselves (GraphQL Yoga, tRPC, Hono, h3, node:http). Reading the
 * stream would take the body from the application, so the function by which Node fills the stream is wrapped instead.
 *
 * @param request the request of node:http
 * @param limit the most bytes that are captured
 * @returns undefined if the body is of another kind, too long or compressed, or has begun to arrive
 */
export function captureReceivedBody(request: ReceivedRequest, limit: number): ReceivedBody | undefined {
  const { headers } = request;
  const parse = PARSERS.find(([type]) => type.test(headers['content-type'] ?? ''))?.[1];
  if (!parse || headers['content-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > limit) return undefined;
  if (request.complete || request.readableDidRead || request.readableLength > 0) return undefined;
  let pieces: Buffer[] = [];
  let length = 0;
  let isWhole = false;

  function keep(chunk: unknown, encoding?: BufferEncoding): void {
    if (chunk === null) isWhole = true;
    if (length > limit || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
    length += bytes.length;
    if (length > limit) pieces = [];
    else pieces.push(bytes);
  }
  listen(request, keep);
  return () => {
    if (!isWhole || length === 0 || length > limit) return undefined;
    try {
      return parse(Buffer.concat(pieces).toString('utf8'));
    } catch {
      return undefined;
    }
  };
}

type Keep = (chunk: unknown, encoding?: BufferEncoding) => void;

/** All copies of this package share the wrapped function, and who listens to it. */
const LISTENERS = Symbol.for('auditlogin.received');

type Push = IncomingMessage['push'] & { [LISTENERS]?: WeakMap<object, Keep> };

/**
 * Wraps `push` once for all requests of node:http, since a property of each request would show when a library loops over it. Requests of other hosts get a
 * property that is not enumerable.
 */
function listen(request: ReceivedRequest, keep: Keep): void {
  const holder = request instanceof IncomingMessage ? IncomingMessage.prototype : request;
  const push: Push = holder.push;
  const listeners = push[LISTENERS] ?? new WeakMap<object, Keep>();
  listeners.set(request, keep);
  if (push[LISTENERS]) return;
  const value: Push = function (this: ReceivedRequest, chunk: unknown, encoding?: BufferEncoding): boolean {
    listeners.get(this)?.(chunk, encoding);
    return push.call(this, chunk, encoding);
  };
  value[LISTENERS] = listeners;
  Object.defineProperty(holder, 'push', { configurable: true, enumerable: holder !== request, writable: true, value });
}
