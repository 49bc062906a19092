import type { IncomingMessage } from 'node:http';
import type { Ending } from '../attempt/attempt.js';

/** The properties of a response that its head is read from. */
interface HeadedResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  getHeader(name: string): unknown;
}

/** The head of a response: as it was sent, or as it stands while it is not. */
export class ResponseHead {
  private noted: unknown;
  private sent: SentHead | undefined;

  /** @param response the response of node:http */
  constructor(private readonly response: HeadedResponse) {}

  /** Stores the arguments of `writeHead` while the response is held back. */
  note(args: unknown[]): void {
    this.noted = args.at(-1);
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
    const value = headerIn(this.noted, name) ?? response.getHeader(name);
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
