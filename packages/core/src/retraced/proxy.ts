import { type Dispatcher, EnvHttpProxyAgent, fetch, type RequestInit, type Response } from 'undici';
import { AuditError } from '../errors.js';

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * Opens persistent connections, through the proxy that `HTTPS_PROXY` or `HTTP_PROXY` names unless `NO_PROXY` lists the server. The names may be in lower
 * case, as in other programs.
 *
 * @param options options of undici's agent
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if one of these variables is no address
 */
export function connections(options: EnvHttpProxyAgent.Options): Dispatcher {
  for (const name of PROXY_VARIABLES) {
    const address = process.env[name];
    if (address && !URL.canParse(address)) {
      // The value is not quoted, since it may hold the proxy's password.
      throw new AuditError(
        'ERR_AUDIT_OPTION_INVALID',
        `The variable ${name} is no address; expected one such as http://proxy.example:3128.`,
        {
          field: name,
        },
      );
    }
  }
  return new EnvHttpProxyAgent(options);
}

/** What {@link fetchByProxy} gets. */
export type FetchedResponse = Response;

let shared: Dispatcher | undefined;

/**
 * `fetch` through the proxy that the environment names, which Node's own does not ask for by default.
 *
 * @param url the address
 * @param init as for `fetch`
 */
export function fetchByProxy(url: string, init: RequestInit): Promise<FetchedResponse> {
  return fetch(url, { ...init, dispatcher: (shared ??= connections({})) });
}
