/** The properties of a response that are needed to observe its end. */
interface ObservedResponse {
  readonly writableEnded: boolean;
  /** In HTTP/2 only. */
  readonly createPushResponse?: unknown;
  on(event: 'finish' | 'close', listener: () => void): unknown;
}

/**
 * Listens for the moment at which a response was handed to the operating system. Hosts without a socket emit it, too.
 *
 * @param response the response of node:http
 * @param over called with `false` if the stream ended before the response did, which HTTP/2 tells by the same event
 */
export function onResponseSent(response: ObservedResponse, over: (isSent: boolean) => void): void {
  const isHttp2 = response.createPushResponse !== undefined;
  response.on('finish', () => over(!isHttp2 || response.writableEnded));
}

/**
 * Listens for the end of a response's connection: after the response was sent, or before. `writableFinished` does not tell them apart: it is true of a
 * response that was ended while the connection was torn down, of which nothing has left.
 *
 * @param response the response of node:http
 * @param closed called at the end
 */
export function onResponseClosed(response: ObservedResponse, closed: () => void): void {
  response.on('close', closed);
}
