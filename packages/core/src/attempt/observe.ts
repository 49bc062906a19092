import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ending } from './attempt.js';

/** The least of a response that is needed to see how it ends. */
export type ObservedResponse = Pick<ServerResponse, 'statusCode' | 'writableFinished' | 'once' | 'getHeader'>;

/**
 * Tells, once, how an exchange ended: after the answer was handed to the operating system, or when the connection was lost before that.
 * A lost connection still has status 200 in Node; that is never passed on.
 *
 * @param response the response of node:http
 * @param ended is called once
 */
export function observeEnding(response: ObservedResponse, ended: (ending: Ending) => void): void {
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    ended(response.writableFinished ? answered(response) : { kind: 'aborted' });
  };
  response.once('finish', end);
  response.once('close', end);
}

function answered(response: ObservedResponse): Ending {
  const location = response.getHeader('location');
  const contentType = response.getHeader('content-type');
  return {
    kind: 'answered',
    status: response.statusCode,
    ...(typeof location === 'string' && { location }),
    ...(typeof contentType === 'string' && { contentType }),
  };
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
