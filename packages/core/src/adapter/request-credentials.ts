import type { IncomingHttpHeaders } from 'node:http';
import type { Attempt } from '../attempt/attempt.js';

const KEY_HEADERS = ['x-auth-token', 'x-api-key', 'api-key', 'apikey', 'x-access-token'];

/**
 * Tells which credentials the headers of a request carry, without their values.
 *
 * @param headers the headers of the request
 */
export function requestCredentials(headers: IncomingHttpHeaders): Attempt['credentials'] {
  const { authorization } = headers;
  const scheme = typeof authorization === 'string' ? /^\s*([\w-]+)/.exec(authorization)?.[1]?.toLowerCase() : undefined;
  return {
    cookie: headers['cookie'] !== undefined,
    header: KEY_HEADERS.some((name) => headers[name] !== undefined),
    authorization: scheme,
  };
}

/**
 * Whether a request carries nothing from which a session could have been restored: no cookie, no `Authorization`, no API key.
 *
 * @param headers the headers of the request
 */
export function carriesNoCredential(headers: IncomingHttpHeaders): boolean {
  const { cookie, header } = requestCredentials(headers);
  return !cookie && !header && headers.authorization === undefined;
}
