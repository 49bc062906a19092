import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyHeaders } from './capture.js';
import type { Ending } from './attempt.js';

/** The least of a response that is needed to see how it ends. */
export type ObservedResponse = Pick<ServerResponse, 'statusCode' | 'writableFinished' | 'on' | 'getHeader'>;

/** How an exchange ended, and what its answer says of its body. */
export type ObservedEnding = { ending: Ending; headers: BodyHeaders };

/**
 * Tells, once, how an exchange ended: after the answer was handed to the operating system, or when the connection was lost before that.
 * A lost connection still has status 200 in Node; that is never passed on.
 */
export class EndingWatch {
  private head: unknown;
  private isOver = false;

  /**
   * @param response the response of node:http
   * @param ended is called once
   */
  constructor(
    private readonly response: ObservedResponse,
    private readonly ended: (seen: ObservedEnding) => void,
  ) {
    const closed = (): void => this.aborted();
    // Each comes at most once, so nothing is gained by `once`, which costs a function of its own.
    response.on('finish', closed);
    response.on('close', closed);
  }

  /** Ends the observation as aborted, unless the answer has left: for frameworks that notice it first. */
  aborted(): void {
    this.end(!this.response.writableFinished);
  }

  /** Ends the observation as answered, although the answer has not left yet. */
  answering(): void {
    this.end(false);
  }

  /** Takes what is handed to `writeHead`, if that is not called at once. */
  noteHead(args: unknown[]): void {
    this.head = args.at(-1);
  }

  private end(isAborted: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const { response } = this;
    const sent = new SentHead(response);
    const header = (name: string): string | undefined => asText(response.getHeader(name) ?? headerIn(this.head, name) ?? sent.header(name));
    this.ended(isAborted ? { ending: { kind: 'aborted' }, headers: {} } : answered(response.statusCode, header));
  }
}

function answered(status: number, header: (name: string) => string | undefined): ObservedEnding {
  const location = status >= 300 && status < 400 ? header('location') : undefined;
  const contentType = header('content-type');
  const contentEncoding = header('content-encoding');
  return {
    ending: { kind: 'answered', status, ...(location !== undefined && { location }), ...(contentType !== undefined && { contentType }) },
    headers: { ...(contentType !== undefined && { contentType }), ...(contentEncoding !== undefined && { contentEncoding }) },
  };
}

/**
 * Headers that go straight to `writeHead`, as Fastify's do, are kept nowhere but in the head that was written, which node:http has had in `_header` ever
 * since; to see them come by would take a function of our own on every response.
 */
class SentHead {
  private lines: string | undefined;

  constructor(private readonly response: object) {}

  header(name: string): string | undefined {
    const { _header: sent } = this.response as { _header?: unknown };
    if (typeof sent !== 'string') return undefined;
    this.lines ??= sent.toLowerCase();
    const at = this.lines.indexOf(`\r\n${name}: `);
    return at === -1 ? undefined : sent.slice(at + name.length + 4, sent.indexOf('\r\n', at + 2));
  }
}

/** `writeHead` takes an object, a list of pairs, or a flat list of names and values. */
function headerIn(head: unknown, name: string): unknown {
  if (typeof head !== 'object' || head === null) return undefined;
  const list: unknown[] = Array.isArray(head) ? head.flat() : Object.entries(head).flat();
  for (let index = 0; index < list.length; index += 2) {
    if (String(list[index]).toLowerCase() === name) return list[index + 1];
  }
  return undefined;
}

function asText(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

/**
 * One header as a string; of a repeated one the first.
 *
 * @param request the request of node:http
 * @param name the header's name in lower case
 */
export function headerOf(request: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
