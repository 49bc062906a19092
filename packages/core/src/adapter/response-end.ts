import type { IncomingMessage } from 'node:http';
import type { Ending } from '../attempt/attempt.js';

/** The properties of a response that are needed to observe its end. */
export interface ObservedResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** In HTTP/2 only. */
  readonly createPushResponse?: unknown;
  on(event: 'finish' | 'close', listener: () => void): unknown;
  getHeader(name: string): unknown;
}

/** Called at the end of an exchange. */
export interface ResponseEndListener {
  /** The response was handed to the operating system. */
  answered(): void;
  /** The client has disconnected before the response was sent. */
  hungUp(): void;
}

/**
 * Observes the end of a response. `finish` is emitted for a response that was sent, also by hosts without a socket, which never emit `close`. `close`
 * follows it, or is emitted alone if the connection was lost.
 */
export class ResponseEnd {
  private head: unknown;
  private sent: SentHead | undefined;
  private isOver = false;

  /**
   * @param response the response of node:http
   * @param listener called, perhaps more than once
   */
  constructor(
    private readonly response: ObservedResponse,
    listener: ResponseEndListener,
  ) {
    // HTTP/2 emits `finish` however its stream ended.
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

  /** Stores the arguments of `writeHead` while the response is held back. */
  noteHead(args: unknown[]): void {
    this.head = args.at(-1);
  }

  /**
   * Returns a header of the response; the first value if it is repeated.
   *
   * @param name in lower case
   */
  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  /**
   * Returns all values of a header of the response.
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
   * Describes the end of the exchange.
   *
   * @param kind whether the response was sent
   * @param isEnded whether the handler has ended the response, so that the status comes from it
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

/** `writeHead` accepts an object, an array of pairs, or a flat array of names and values. */
function headerIn(head: unknown, name: string): unknown {
  if (typeof head !== 'object' || head === null) return undefined;
  const list: unknown[] = Array.isArray(head) ? head.flat() : Object.entries(head).flat();
  for (let index = 0; index < list.length; index += 2) {
    if (String(list[index]).toLowerCase() === name) return list[index + 1];
  }
  return undefined;
}

/**
 * Returns a header as a string; the first value if it is repeated.
 *
 * @param headers of a request of node:http
 * @param name the header's name in lower case
 */
export function headerOf(headers: IncomingMessage['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
