import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { AuditError, type Logger } from '@auditlogin/core';
import { option, parseOptions } from '@auditlogin/core/engine';
import * as v from 'valibot';
import { isLoopback } from './guard.js';

/** Options of {@link startCollector}. */
export interface CollectorOptions {
  /** Port to listen on; 0 for any free port. @default 4477 */
  port?: number;
  /** Address to listen on. If it is not a loopback address, a `token` of 16 characters or more must be given. @default '127.0.0.1' */
  host?: string;
  /** Further host names of the collector, as in the `Host` header, without port. Requests for other names get 403. @default none */
  allowedHosts?: string[];
  /**
   * Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, or ranges such as `10.0.0.0/8`. Behind a trusted proxy with TLS the
   * viewer's cookie is `Secure`, and limits and the record of a sign-in concern the client's address instead of the proxy's.
   *
   * @default none
   */
  trustedProxies?: string[];
  /** Folder of the database and the token. If it is missing, it is created, with access for its owner only. @default `.auditlogin/collector` */
  dataDir?: string;
  /** Id of the project that `token` opens. @default 'dev' */
  project?: string;
  /** Publisher token. @default a token that is created at the first start and stored in the data folder */
  token?: string;
  /** Path prefix of the API, e.g. `/auditlog`. @default none */
  basePath?: string;
  /** Bounds beyond which events are deleted, once a minute, the oldest first. */
  retention?: {
    /** Age of an event since it was received, in milliseconds. @default no bound */
    maxAge?: number;
    /** Size of the database, in bytes. @default no bound */
    maxBytes?: number;
  };
  /** Number of 401 answers within a minute after which an address gets 429 for wrong tokens, each after half a second. Valid tokens are not affected. @default 100 */
  maxRefusals?: number;
  /** The logger for warnings and errors: any object with pino's `warn()` and `error()`. @default standard error */
  logger?: Logger;
}

const word = option.textThat((value) => /^[\x21-\x7e]+$/.test(value), 'visible ASCII characters without white space');
const hostName = option.textThat((value) => /^[\w.-]{1,253}$/.test(value), 'a host name without port');
const proxy = option.textThat(isRange, 'an IP address, or a range such as 10.0.0.0/8');
const MIN_BYTES = 1_048_576;
/** Anybody on the network can guess tokens, so a token must be long. */
const MIN_NETWORK_TOKEN = 16;

/** The types of all options, with their bounds and defaults. */
export const collectorSchema = option.object({
  port: v.optional(option.integer(0, 65_535), 4477),
  host: v.optional(
    option.textThat((host) => isIP(host) !== 0 || host === 'localhost', 'an IP address or localhost'),
    '127.0.0.1',
  ),
  allowedHosts: v.optional(option.list(hostName), []),
  trustedProxies: v.optional(option.list(proxy), []),
  dataDir: v.optional(option.text(), join('.auditlogin', 'collector')),
  project: v.optional(word, 'dev'),
  token: v.optional(word),
  basePath: v.pipe(
    v.optional(
      option.textThat((path) => /^(?:\/[\w.~-]+)*\/?$/.test(path), 'a path such as /auditlog'),
      '',
    ),
    v.transform((path) => path.replace(/\/$/, '')),
  ),
  retention: option.group({ maxAge: v.optional(option.integer(1_000)), maxBytes: v.optional(option.integer(MIN_BYTES)) }),
  maxRefusals: v.optional(option.integer(1), 100),
  logger: option.logger(),
});

/** The options with all defaults filled in. */
export type CollectorSettings = Required<v.InferOutput<typeof collectorSchema>>;

/**
 * Converts options to settings. Creates the data folder and the token if they are missing.
 *
 * @param options see {@link CollectorOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` or `ERR_AUDIT_OPTION_INVALID`
 */
export function readCollectorSettings(options: CollectorOptions): CollectorSettings {
  const parsed = parseOptions(collectorSchema, options);
  if (!isLoopback(parsed.host)) expectNetworkToken(parsed.host, parsed.token);
  const dataDir = resolve(parsed.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return { ...parsed, dataDir, token: parsed.token ?? keptToken(join(dataDir, 'token')) };
}

/** Whether Express takes a text as a trusted proxy (expressjs.com, "Express behind proxies"). */
function isRange(text: string): boolean {
  const [, address = '', bits = '1'] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) >= 1 && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
}

function expectNetworkToken(host: string, token: string | undefined): void {
  if (token !== undefined && token.length >= MIN_NETWORK_TOKEN) return;
  throw new AuditError(
    'ERR_AUDIT_OPTION_INVALID',
    `Option "host" is ${host}, which other machines can reach; expected a "token" of ${MIN_NETWORK_TOKEN} characters or more (${token === undefined ? 'none was given' : `it has ${token.length}`}).`,
    { field: token === undefined ? 'host' : 'token' },
  );
}

function keptToken(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = randomBytes(24).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}
