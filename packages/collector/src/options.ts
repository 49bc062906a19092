import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { AuditError, type Logger } from '@auditlogin/core';
import { consoleLogger, isLogger } from '@auditlogin/core/log';
import { parseOptions } from '@auditlogin/core/engine';
import { z } from 'zod';
import { isLoopback } from './guard.js';

/** What {@link startCollector} takes. */
export interface CollectorOptions {
  /** Port to listen on; 0 takes a free one. @default 4477 */
  port?: number;
  /** Address to listen on. If it is not a loopback address, a `token` of 16 characters or more must be given. @default '127.0.0.1' */
  host?: string;
  /** Further names by which the collector is reached, as in the `Host` header, without port. Requests for other names get 403. @default none */
  allowedHosts?: string[];
  /** Folder of the database and the token. It is created if it is missing, for its owner only. @default `.auditlogin/collector` */
  dataDir?: string;
  /** Id of the project that `token` opens. @default 'dev' */
  project?: string;
  /** Publisher token. @default a token that is made at the first start and kept in the data folder */
  token?: string;
  /** Path before that of the API, e.g. `/auditlog`. @default none */
  basePath?: string;
  /** Which events are deleted, once a minute, the oldest first. */
  retention?: {
    /** Events that were received longer ago than this, in milliseconds. @default no bound */
    maxAge?: number;
    /** The oldest events, as long as the database holds more bytes than this. @default no bound */
    maxBytes?: number;
  };
  /** Number of 401 answers within a minute after which an address gets 429. @default 100 */
  maxRefusals?: number;
  /** The logger for warnings and errors: any object with pino's `warn()` and `error()`. @default standard error */
  logger?: Logger;
}

const word = z.string().regex(/^[\x21-\x7e]+$/, 'expected visible ASCII characters without white space');
const MIN_BYTES = 1_048_576;
/** Anybody on the network can guess tokens, so a token must not be a mere word. */
const MIN_NETWORK_TOKEN = 16;

/** The options as the code reads them: the only place with their bounds and defaults. */
export const collectorSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(4477),
  host: z
    .string()
    .refine((host) => isIP(host) !== 0 || host === 'localhost', 'expected an IP address or localhost')
    .default('127.0.0.1'),
  allowedHosts: z.array(z.string().regex(/^[\w.-]{1,253}$/, 'expected a host name without port')).default([]),
  dataDir: z.string().min(1).default(join('.auditlogin', 'collector')),
  project: word.default('dev'),
  token: word.optional(),
  basePath: z
    .string()
    .regex(/^(?:\/[\w.~-]+)*\/?$/, 'expected a path such as /auditlog')
    .default('')
    .transform((path) => path.replace(/\/$/, '')),
  retention: z
    .strictObject({ maxAge: z.number().int().min(1_000).optional(), maxBytes: z.number().int().min(MIN_BYTES).optional() })
    .prefault({}),
  maxRefusals: z.number().int().min(1).default(100),
  logger: z.custom<Logger>((value) => isLogger(value), 'expected an object with warn() and error()').default(consoleLogger),
});

/** The options with all defaults. */
export type CollectorSettings = Required<z.output<typeof collectorSchema>>;

/**
 * Turns options into settings. Creates the data folder and the token if they are missing.
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

function expectNetworkToken(host: string, token: string | undefined): void {
  if (token !== undefined && token.length >= MIN_NETWORK_TOKEN) return;
  throw new AuditError(
    'ERR_AUDIT_OPTION_INVALID',
    `Option "host" is ${host}, which other machines reach: give a "token" of ${MIN_NETWORK_TOKEN} characters or more (${token === undefined ? 'none was given' : `it has ${token.length}`}).`,
    { field: token === undefined ? 'host' : 'token' },
  );
}

function keptToken(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = randomBytes(24).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}
