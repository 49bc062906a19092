import type { IncomingMessage } from 'node:http';
import type { Ending } from '../attempt/attempt.js';

/** The least of a response that is needed to see how it ends. */
export interface ObservedResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** In HTTP/2 only. */
  readonly createPushResponse?: unknown;
  on(event: 'finish' | 'close', listener: () => void): unknown;
  getHeader(name: string): unknown;
}

/** What is told of the end of an exchange. */
export interface ResponseEndListener {
  /** The answer was handed to the operating system. */
  answered(): void;
  /** The client is gone, and the answer had not left. */
  hungUp(): void;
}

/**
 * Watches a response until its end. `finish` comes for an answer that was handed over, also from hosts without a socket, which never emit `close`;
 * `close` comes behind it, or without it where the connection was lost.
 */
export class ResponseEnd {
  private head: unknown;
  private sent: SentHead | undefined;
  private isOver = false;

  /**
   * @param response the response of node:http
   * @param listener is told, perhaps more than once
   */
  constructor(
    private readonly response: ObservedResponse,
    listener: ResponseEndListener,
  ) {
    // HTTP/2 emits `finish`, too, however its stream ended.
    const isHttp2 = response.createPushResponse !== undefined;
    response.on('finish', () => {
      this.isOver = true;
      if (isHttp2 && !response.writableEnded) listener.hungUp();
      else listener.answered();
    });
    // `writableFinished` tells nothing here: it is true of an answer that was ended while the connection was torn down, of which nothing has left.
    response.on('close', () => {
      // Hosts without a socket may emit it within `finish`, which then comes next.
      if (!this.isOver) setImmediate(() => listener.hungUp());
    });
  }

  /** Takes what is handed to `writeHead`, if that is not called at once. */
  noteHead(args: unknown[]): void {
    this.head = args.at(-1);
  }

  /**
   * A header of the answer; of a repeated one the first.
   *
   * @param name in lower case
   */
  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  /**
   * All lines of a header of the answer.
   *
   * @param name in lower case
   */
  headers(name: string): string[] {
    const { response } = this;
    this.sent ??= new SentHead(response);
    if (this.sent.isWritten) return this.sent.headers(name);
    const value = headerIn(this.head, name) ?? response.getHeader(name);
    return (Array.isArray(value) ? value : [value]).filter((line) => typeof line === 'string');
  }

  /**
   * How the exchange ended.
   *
   * @param kind whether the answer left
   * @param isEnded whether the handler has ended its answer, so that its status is its own
   */
  ending(kind: Ending['kind'], isEnded: boolean): Ending {
    const { response } = this;
    if (kind === 'aborted' && !isEnded && !response.headersSent) return { kind };
    const status = response.statusCode;
    const ending: Ending = { kind, status };
    const location = status >= 300 && status < 400 ? this.header('location') : undefined;
    const contentType = this.header('content-type');
    const authenticate = status === 401 ? this.headers('www-authenticate').join(', ') : '';
    if (location !== undefined) ending.location = location;
    if (contentType !== undefined) ending.contentType = contentType;
    if (authenticate !== '') ending.authenticate = authenticate;
    return ending;
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

  headers(name: string): string[] {
    const found: string[] = [];
    const start = `\r\n${name}: `;
    for (let at = this.lines.indexOf(start); at !== -1; at = this.lines.indexOf(start, at + 2)) {
      found.push(this.text.slice(at + start.length, this.text.indexOf('\r\n', at + 2)));
    }
    return found;
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
