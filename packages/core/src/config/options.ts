import { resolve } from 'node:path';
import * as v from 'valibot';
import { fromEnvironment, type SettingSource, VARIABLES } from './environment.js';
import { AuditError } from '../errors.js';
import type { Logger } from '../logger.js';
import * as option from './option-types.js';
import { invalidOption, parseOptions, show } from './parse-options.js';
import type { TypedIdentityPolicy } from '../attempt/typed-identity.js';
import { ENGINE_PROJECT, type SealKey, sealKeyOf } from '../event/seal.js';
import type { InDoubt } from '../publish/publisher-options.js';
import type { CheckedReceipt } from '../publish/receipt.js';
import type { SharedSpool } from '../spool/spool.js';
import type { AuditEvent } from '../event/event.js';

/** Options of `createAuditor()`. All of them may be left out if the environment has the address, the project and the token. */
export interface AuditorOptions {
  /** Base address of the API, which may have a path. @default `AUDITLOG_API_BASE` */
  apiBase?: string;
  /** Project id. @default `AUDITLOG_API_PROJECT`, then `BOOTSTRAP_PUBLISHER_PROJECT` */
  project?: string;
  /**
   * Publisher token of the project, or a function that returns it. The function is called before each request, so that the token can be rotated without a
   * restart.
   * @default `AUDITLOG_API_TOKEN`, then `BOOTSTRAP_PUBLISHER_TOKEN`
   */
  token?: string | (() => string | Promise<string>);
  /** Whether attempts are audited. `AUDITLOG_DISABLED=1` disables the audit, too. @default true */
  enabled?: boolean;
  /** Name of the application, in each event's `component`. */
  component?: string;
  /** Version of the application, in each event's `version`. */
  version?: string;
  /**
   * How a typed user name is stored if no account is proven: `masked` (`a***l@example.com`), `plain`, `hmac` (only a keyed digest) or `omit`.
   * @default 'masked'
   */
  typedIdentity?: TypedIdentityPolicy;
  /**
   * Key of the digests `fields.identity_hmac` and `fields.session_hmac`, which identify the attempts on one account and the events of one session. 16
   * characters or more.
   * @default derived from the key of the seal, else created for the spool folder, else (in memory) for this process
   */
  identityKey?: string;
  /**
   * When the event is written. `after-response`: after the response was sent. `before-response`: before the first byte of the response is sent; if the
   * event cannot be written, the response becomes 503. This needs a spool on disk.
   * @default 'after-response'
   */
  durability?: 'after-response' | 'before-response';
  /** The queue between the application and the server. */
  spool?: {
    /** `disk`: events wait in a file that outlives the process. `memory`: waiting events are lost with the process. @default 'disk' */
    kind?: 'disk' | 'memory';
    /** Folder of the files. If it is missing, it is created, with access for its owner only. @default `AUDITLOG_SPOOL_DIR`, then `.auditlogin` */
    directory?: string;
    /** Whether the start fails when the folder cannot be used. Otherwise the spool falls back to memory, with a warning. @default false */
    required?: boolean;
    /**
     * Whether the folder may belong to another user, who can then read and replace its files: for example a volume of a container that runs as root.
     * @default false
     */
    allowForeignOwner?: boolean;
    /** The most events that may wait. @default 100000 */
    maxEvents?: number;
    /** The most bytes that may wait. @default 67108864 */
    maxBytes?: number;
    /** How long the disk may take to write an event, in milliseconds. @default 5000 */
    commitTimeout?: number;
  };
  /**
   * An engine such as PostgreSQL, from which relays (`auditlogin relay`) publish the events. The spool holds events until the engine has them. The
   * application then needs no `apiBase`, `project` or `token`; giving one of them is an error.
   */
  engine?: SharedSpool;
  /** Sealing each event, so that the log alone shows which events were deleted, reordered, altered or added. Receipts are kept in a ledger. */
  seal?: {
    /** The key, 32 characters or more. A new key gets a new key id. Without a key nothing is sealed. @default the first in `AUDITLOG_SEAL_KEY` */
    key?: string;
  };
  /** How events are sent. */
  publish?: {
    /** The most events in one request, 1 to 50. @default 50 */
    batchSize?: number;
    /** The most concurrent requests, 1 to 32. @default 4 */
    concurrency?: number;
    /** How long to wait for a connection, in milliseconds. @default 5000 */
    connectTimeout?: number;
    /** How long to wait for a response, in milliseconds. @default 10000 */
    timeout?: number;
    /** The upper bound of the wait after a first failure, in milliseconds. It doubles with every further failure. @default 500 */
    backoffMin?: number;
    /** The upper bound of the wait after any number of failures, in milliseconds. @default 60000 */
    backoffMax?: number;
    /**
     * What to do with events that a failed request may have stored. `resend`: send them again; copies have the same `external_id`. `reconcile`: first
     * search the log for them.
     * @default 'resend'
     */
    inDoubt?: InDoubt;
    /** How long the server takes to index a stored event, in milliseconds. @default 3000 */
    indexLag?: number;
    /** The age at which an event that could not be sent is set aside, in milliseconds. @default 604800000, a week */
    maxAge?: number;
  };
  /** How long `flush()` and `close()` wait for the queue to drain, in milliseconds. @default 10000 */
  closeTimeout?: number;
  /** Whether the start and stop of the audit, and lost events, are recorded as events: `audit.start`, `audit.stop`, `audit.gap`. @default false */
  lifecycleEvents?: boolean;
  /** The logger for warnings and errors: any object with pino's `warn()` and `error()`. @default standard error */
  logger?: Logger;
  /** Called with every receipt after its hash was checked. */
  onReceipt?: (receipt: CheckedReceipt) => void;
  /** Called for every event that is lost (no room, or still in memory when the auditor was closed) or set aside (refused by the server, or too old). */
  onDrop?: (event: AuditEvent, error: AuditError) => void;
  /** Called if a receipt's hash is not the hash of what was sent. */
  onMismatch?: (receipt: CheckedReceipt) => void;
  /** Called with every error that no caller receives: failed requests, failing extractors. */
  onError?: (error: AuditError) => void;
}

/** The types of all options, with their bounds and defaults. */
export const auditorEntries = {
  apiBase: v.optional(option.text()),
  project: v.optional(option.text()),
  token: v.optional(
    option.instance<string | (() => string | Promise<string>)>(
      (value) => (typeof value === 'string' && value !== '') || typeof value === 'function',
      'a string or a function',
    ),
  ),
  enabled: v.optional(option.flag(), true),
  component: v.optional(option.text()),
  version: v.optional(option.text()),
  typedIdentity: v.optional(option.oneOf(['masked', 'plain', 'hmac', 'omit']), 'masked'),
  identityKey: v.optional(option.text(16)),
  durability: v.optional(option.oneOf(['after-response', 'before-response']), 'after-response'),
  spool: option.group({
    kind: v.optional(option.oneOf(['disk', 'memory']), 'disk'),
    directory: v.optional(option.text()),
    required: v.optional(option.flag(), false),
    allowForeignOwner: v.optional(option.flag(), false),
    maxEvents: v.optional(option.integer(1), 100_000),
    maxBytes: v.optional(option.integer(1024), 67_108_864),
    commitTimeout: v.optional(option.integer(1, 600_000), 5_000),
  }),
  engine: v.optional(option.instance(isSharedSpool, 'what postgresSpool() or jetStreamSpool() returns')),
  seal: option.group({ key: v.optional(option.text(32)) }),
  publish: option.group({
    batchSize: v.optional(option.integer(1, 50), 50),
    concurrency: v.optional(option.integer(1, 32), 4),
    connectTimeout: v.optional(option.integer(1, 600_000), 5_000),
    timeout: v.optional(option.integer(1, 600_000), 10_000),
    backoffMin: v.optional(option.integer(1, 600_000), 500),
    backoffMax: v.optional(option.integer(1, 3_600_000), 60_000),
    inDoubt: v.optional(option.oneOf(['resend', 'reconcile']), 'resend'),
    indexLag: v.optional(option.integer(0, 600_000), 3_000),
    maxAge: v.optional(option.integer(1_000), 604_800_000),
  }),
  closeTimeout: v.optional(option.integer(0, 600_000), 10_000),
  lifecycleEvents: v.optional(option.flag(), false),
  logger: option.logger(),
  onReceipt: option.callback<(receipt: CheckedReceipt) => void>(),
  onDrop: option.callback<(event: AuditEvent, error: AuditError) => void>(),
  onMismatch: option.callback<(receipt: CheckedReceipt) => void>(),
  onError: option.callback<(error: AuditError) => void>(),
};

const auditorSchema = option.object(auditorEntries);

type ParsedOptions = v.InferOutput<typeof auditorSchema>;

function isSharedSpool(value: unknown): value is SharedSpool {
  return typeof value === 'object' && value !== null && 'appendAll' in value;
}

/** The options with defaults, and the values from the environment. */
export type Settings = Omit<ParsedOptions, 'spool' | 'token'> &
  Connection & {
    spool: ParsedOptions['spool'] & { directory: string };
    sealKey: SealKey | undefined;
  };

/** The server, the project and the token. */
export interface Connection {
  apiBase: string;
  project: string;
  token: string | (() => string | Promise<string>);
}

const CONNECTION = ['apiBase', 'project', 'token'] as const satisfies (keyof Connection)[];

/** Where each part of a {@link Connection} came from. */
export type ConnectionSources = Record<keyof Connection, SettingSource>;

/**
 * Makes settings from the options and the environment.
 *
 * @param options the application's options
 * @param env the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function readSettings(options: AuditorOptions, env: NodeJS.ProcessEnv = process.env): Settings | 'disabled' {
  const parsed = parseOptions(auditorSchema, options);
  if (!parsed.enabled || fromEnvironment('disabled', env)?.value === '1') return 'disabled';
  if (isUnconfiguredForDevelopment(parsed, options, env)) return 'disabled';
  const { publish } = parsed;
  if (publish.backoffMax < publish.backoffMin) {
    throw invalidOption('publish.backoffMax', `is ${publish.backoffMax}; expected at least publish.backoffMin, ${publish.backoffMin}`);
  }
  const { durability, spool } = parsed;
  if (durability === 'before-response' && spool.kind === 'memory') {
    throw invalidOption('durability', 'is "before-response"; that needs spool.kind "disk"');
  }
  const [sealKey] = parsed.seal.key === undefined ? readSealKeys(env) : [sealKeyOf(parsed.seal.key)];
  return {
    ...parsed,
    ...(parsed.engine ? noConnection(parsed.engine, options) : readConnection(options, env).connection),
    spool: { ...spool, directory: spoolDirectory(spool.directory, env) },
    sealKey,
  };
}

/** Warns once per start instead of throwing, so that developers can start the application before they have an audit log. */
function isUnconfiguredForDevelopment({ engine, logger }: ParsedOptions, options: AuditorOptions, env: NodeJS.ProcessEnv): boolean {
  if (engine || !['development', 'test'].includes(env['NODE_ENV'] ?? '')) return false;
  const missing = CONNECTION.filter((name) => options[name] === undefined && fromEnvironment(name, env) === undefined);
  if (missing.length === 0) return false;
  const variables = missing.map((name) => VARIABLES[name][0]).join(', ');
  logger.warn(
    { code: 'ERR_AUDIT_CONFIG_MISSING', missing },
    `nothing is audited, since ${variables} ${missing.length === 1 ? 'is' : 'are'} not set (NODE_ENV is ${env['NODE_ENV']}). "npx auditlogin dev" starts a collector and prints what to set.`,
  );
  return true;
}

/** With an engine only relays know the API, so the engine becomes the destination of the spool's files. */
function noConnection(engine: SharedSpool, options: AuditorOptions): Connection {
  const given = (['apiBase', 'project', 'token'] as const).find((name) => options[name] !== undefined);
  if (given !== undefined) {
    throw invalidOption(given, 'is given beside "engine"; give it to the relay, which publishes the events, and not to the application');
  }
  return { apiBase: `${engine.engine}:`, project: ENGINE_PROJECT, token: '' };
}

const DEFAULT_DIRECTORY = '.auditlogin';

/**
 * Finds the folder of the spools.
 *
 * @param given the option of the application or the command line
 * @param env the environment
 * @returns an absolute path
 */
export function spoolDirectory(given?: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(given ?? fromEnvironment('spoolDirectory', env)?.value ?? DEFAULT_DIRECTORY);
}

/**
 * Reads the sealing keys in `AUDITLOG_SEAL_KEY`, separated by white space: first the current key, then earlier ones.
 *
 * @param env the environment
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if a key is too short
 */
export function readSealKeys(env: NodeJS.ProcessEnv = process.env): SealKey[] {
  const keys = fromEnvironment('sealKey', env)?.value.split(/\s+/) ?? [];
  if (keys.some((key) => key.length < 32))
    throw invalidOption('seal.key', 'is too short in AUDITLOG_SEAL_KEY; expected 32 characters or more');
  return keys.map(sealKeyOf);
}

/**
 * Reads the connection from the options, then from the environment.
 *
 * @param options what the application gave
 * @param env the environment
 * @throws AuditError `ERR_AUDIT_CONFIG_MISSING` naming each missing part, `ERR_AUDIT_OPTION_INVALID` if a part is invalid
 */
export function readConnection(
  options: Partial<Connection>,
  env: NodeJS.ProcessEnv = process.env,
): { connection: Connection; sources: ConnectionSources } {
  const found = CONNECTION.map((name) => {
    const given = options[name];
    return given === undefined ? fromEnvironment(name, env) : { value: given, source: 'options' as const };
  });
  const missing = CONNECTION.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) throw configMissing(missing);
  const [apiBase, project, token] = found as [Found<string>, Found<string>, Found<Connection['token']>];
  return {
    connection: {
      apiBase: checkApiBase(apiBase.value, apiBase.source),
      project: checkHeaderSafe('project', project.value, project.source),
      token: typeof token.value === 'string' ? checkHeaderSafe('token', token.value, token.source) : token.value,
    },
    sources: { apiBase: apiBase.source, project: project.source, token: token.source },
  };
}

interface Found<T> {
  value: T;
  source: SettingSource;
}

const HOW_TO_GET = {
  apiBase: 'the address of your audit log, e.g. https://auditlog.example.com',
  project: "the project's id, shown in the audit log's admin portal",
  token: "the project's publisher token, shown in the audit log's admin portal",
} as const;

function configMissing(missing: readonly (keyof Connection)[]): AuditError {
  const lines = missing.map((name) => `  ${name}: set ${VARIABLES[name].join(' or ')}, or the option "${name}" (${HOW_TO_GET[name]})`);
  return new AuditError(
    'ERR_AUDIT_CONFIG_MISSING',
    `auditlogin does not know where to publish. Missing:\n${lines.join('\n')}\n` +
      'For development, "npx auditlogin dev" starts a collector and prints all three.',
    { field: missing[0]! },
  );
}

function checkApiBase(value: string, source: SettingSource): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    const seen = url?.password ? 'an address with a password in it' : show(value);
    throw invalidOption('apiBase', `(from ${source}) is ${seen}; expected an http or https address without query or credentials`);
  }
  return value.replace(/\/+$/, '');
}

function checkHeaderSafe(name: 'project' | 'token', value: string, source: SettingSource): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw invalidOption(name, `(from ${source}) is empty, or has white space, control or non-ASCII characters in it`);
}
