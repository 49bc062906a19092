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
  /** Port; 0 takes a free one. @default 4477 */
  port?: number;
  /** Address to listen on. Beyond loopback a `token` must be given. @default '127.0.0.1' */
  host?: string;
  /** Further names by which the collector is reached, as they stand in the `Host` header, without port. @default none */
  allowedHosts?: string[];
  /** Folder of the database and of the token; made if it is missing. @default `.auditlogin/collector` */
  dataDir?: string;
  /** Project id. @default 'dev' */
  project?: string;
  /** Publisher token. @default one that is made at the first start and kept in the data folder */
  token?: string;
  /** Path before that of the API, as Retraced has `/auditlog`. @default none */
  basePath?: string;
  /** What is deleted, the oldest first. @default nothing */
  retention?: {
    /** Events that were received longer ago, in milliseconds. @default no bound */
    maxAge?: number;
    /** The oldest events, while the database holds more bytes. @default no bound */
    maxBytes?: number;
  };
  /** Answers of 401 within a minute after which an address gets 429. @default 100 */
  maxRefusals?: number;
  /** Where warnings and errors go. @default the console */
  logger?: Logger;
}

const word = z.string().regex(/^[\x21-\x7e]+$/, 'expected visible ASCII characters without white space');
const MIN_BYTES = 1_048_576;
/** A token that strangers may try must not be a word. */
const MIN_NETWORK_TOKEN = 16;

const collectorSchema = z.strictObject({
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
    .default({}),
  maxRefusals: z.number().int().min(1).default(100),
  logger: z.custom<Logger>((value) => isLogger(value), 'expected an object with warn() and error()').default(consoleLogger),
});

/** The options with nothing left open. */
export type CollectorSettings = Required<z.output<typeof collectorSchema>>;

/**
 * Turns options into settings, making the data folder and the token where there are none.
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
