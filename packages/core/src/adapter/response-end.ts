import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ending } from '../attempt/attempt.js';

/** The least of a response that is needed to see how it ends. */
export type ObservedResponse = Pick<ServerResponse, 'statusCode' | 'writableEnded' | 'on' | 'getHeader'> & {
  /** Missing in HTTP/2. */
  readonly writableFinished?: boolean;
};

/**
 * Tells, once, how an exchange ended: after the answer was handed to the operating system, or when the connection was lost before that.
 * A lost connection still has status 200 in Node; that is never passed on.
 */
export class ResponseEnd {
  private head: unknown;
  private sent: SentHead | undefined;
  private isOver = false;

  /**
   * @param response the response of node:http
   * @param ended is called once
   */
  constructor(
    private readonly response: ObservedResponse,
    private readonly ended: (ending: Ending) => void,
  ) {
    // It comes behind `finish`, and without it where the connection was lost; it comes once, so nothing is gained by `once`, which costs a function of its own.
    response.on('close', () => this.aborted());
  }

  /** Ends the observation as aborted, unless the answer has left: for frameworks that notice it first. */
  aborted(): void {
    if (this.isOver) return;
    const { response } = this;
    this.end(!(response.writableFinished ?? response.writableEnded));
  }

  /** Ends the observation as answered, although the answer may not have left yet. */
  answered(): void {
    if (!this.isOver) this.end(false);
  }

  /** Takes what is handed to `writeHead`, if that is not called at once. */
  noteHead(args: unknown[]): void {
    this.head = args.at(-1);
  }

  /**
   * A header of the answer.
   *
   * @param name in lower case
   */
  header(name: string): string | undefined {
    const { response } = this;
    this.sent ??= new SentHead(response);
    const value = this.sent.isWritten ? this.sent.header(name) : (headerIn(this.head, name) ?? response.getHeader(name));
    return typeof value === 'string' ? value : undefined;
  }

  private end(isAborted: boolean): void {
    this.isOver = true;
    this.ended(isAborted ? { kind: 'aborted' } : this.answer(this.response.statusCode));
  }

  private answer(status: number): Ending {
    const location = status >= 300 && status < 400 ? this.header('location') : undefined;
    const contentType = this.header('content-type');
    return { kind: 'answered', status, ...(location !== undefined && { location }), ...(contentType !== undefined && { contentType }) };
  }
}

/**
 * The head that was written, which node:http has in `_header` ever since. It has what went straight to `writeHead`, as Fastify's headers do; to see that
 * come by would take a function of our own on every response.
 */
class SentHead {
  readonly isWritten: boolean;
  private readonly text: string;
  private readonly lines: string;

  constructor(response: object) {
    const { _header: sent } = response as { _header?: unknown };
    this.isWritten = typeof sent === 'string';
    this.text = typeof sent === 'string' ? sent : '';
    this.lines = this.text.toLowerCase();
  }

  header(name: string): string | undefined {
    const at = this.lines.indexOf(`\r\n${name}: `);
    return at === -1 ? undefined : this.text.slice(at + name.length + 4, this.text.indexOf('\r\n', at + 2));
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

/**
 * One header as a string; of a repeated one the first.
 *
 * @param headers of a request of node:http
 * @param name the header's name in lower case
 */
export function headerOf(headers: IncomingMessage['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
