import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseOptions } from '@auditlogin/core';
import { z } from 'zod';

/** What {@link startCollector} takes. */
export interface CollectorOptions {
  /** Port on the loopback interface; 0 takes a free one. @default 4477 */
  port?: number;
  /** Folder of the database and of the token; made if it is missing. @default `.auditlogin/collector` */
  dataDir?: string;
  /** Project id. @default 'dev' */
  project?: string;
  /** Publisher token. @default one that is made at the first start and kept in the data folder */
  token?: string;
  /** Path before that of the API, as Retraced has `/auditlog`. @default none */
  basePath?: string;
}

const word = z.string().regex(/^[\x21-\x7e]+$/, 'expected visible ASCII characters without white space');

const collectorSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(4477),
  dataDir: z.string().min(1).default(join('.auditlogin', 'collector')),
  project: word.default('dev'),
  token: word.optional(),
  basePath: z
    .string()
    .regex(/^(?:\/[\w.~-]+)*\/?$/, 'expected a path such as /auditlog')
    .default('')
    .transform((path) => path.replace(/\/$/, '')),
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
  const dataDir = resolve(parsed.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return { ...parsed, dataDir, token: parsed.token ?? keptToken(join(dataDir, 'token')) };
}

function keptToken(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = randomBytes(24).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}
