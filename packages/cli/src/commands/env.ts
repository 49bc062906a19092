import type { AuditError } from '@auditlogin/core';
import { showControls, showJson } from '@auditlogin/core/log';
import * as v from 'valibot';
import { type ApiServer, apiServer } from '../kubernetes/api-server.js';
import { credentialsOf } from '../kubernetes/credentials.js';
import { type Context, readContext } from '../kubernetes/kubeconfig.js';
import { problem, reasonOf } from '../kubernetes/problem.js';
import { shellWord } from '../shell.js';

/** The flags of `auditlogin env`. */
export interface EnvFlags {
  namespace?: string;
  context?: string;
  secret: string;
  format: 'shell' | 'dotenv' | 'json';
}

/** The keys of the secret that the installation of the audit log creates (Publisher API, "Configuration that users already have"). */
const KEYS = { AUDITLOG_API_TOKEN: 'BOOTSTRAP_PUBLISHER_TOKEN', AUDITLOG_API_PROJECT: 'BOOTSTRAP_PUBLISHER_PROJECT' } as const;

const secretSchema = v.object({
  metadata: v.object({ name: v.string(), namespace: v.optional(v.string(), '') }),
  data: v.nullish(v.record(v.string(), v.string())),
});
const listSchema = v.object({ items: v.array(secretSchema) });
type Secret = v.InferOutput<typeof secretSchema>;

/**
 * Prints the token and the project from the secret of the audit log's installation, as lines for a shell, a `.env` file, or JSON.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_KUBERNETES` if the secret cannot be read; the message says why
 */
export async function env({ namespace, context: chosen, secret, format }: EnvFlags): Promise<void> {
  const context = readContext(chosen);
  const { cluster, user } = context;
  if (cluster.server.startsWith('http:') && !cluster['insecure-skip-tls-verify']) {
    throw problem(
      `${cluster.server} would get your credentials in clear text`,
      'use https, or set insecure-skip-tls-verify for that cluster',
    );
  }
  const server = apiServer(cluster, await credentialsOf(user, cluster));
  const found = await find(server, context, secret, namespace).finally(() => server.close());
  const values = Object.entries(KEYS).map(([variable, key]) => [variable, valueOf(found, key)] as const);
  if (format === 'json') return console.log(showJson(Object.fromEntries(values), 2));
  const write = format === 'shell' ? shellLine : dotenvLine;
  // All lines are made before one is printed: a part of them would look like all.
  console.log(values.map(([variable, value]) => write(variable, value)).join('\n'));
}

function shellLine(variable: string, value: string): string {
  return `export ${variable}=${shellWord(value)}`;
}

function dotenvLine(variable: string, value: string): string {
  return `${variable}=${dotenvWord(variable, value)}`;
}

async function find(server: ApiServer, context: Context, name: string, namespace: string | undefined): Promise<Secret> {
  const cluster = `${context.clusterName} (${context.cluster.server})`;
  const own = namespace ?? context.namespace;
  const what = `secret "${name}" in namespace "${own}"`;
  const path = `/api/v1/namespaces/${encodeURIComponent(own)}/secrets/${encodeURIComponent(name)}`;
  const { status, body } = await get(server, path, cluster, secretSchema);
  if (body) return body;
  if (status !== 404 || namespace !== undefined) throw explain(status, what, cluster);
  return await findAnywhere(server, name, what, cluster);
}

/** Searches all namespaces, since the audit log may be installed in any of them. */
async function findAnywhere(server: ApiServer, name: string, what: string, cluster: string): Promise<Secret> {
  const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}` });
  const { body } = await get(server, `/api/v1/secrets?${query}`, cluster, listSchema);
  if (!body) throw problem(`there is no ${what} of ${cluster}, and you may not list the secrets of all namespaces`, 'give --namespace');
  const [first, ...others] = body.items;
  if (!first) throw problem(`there is no secret "${name}" in ${cluster}`, 'install the audit log there, or give --context or --secret');
  if (others.length > 0) {
    const places = body.items.map(({ metadata }) => metadata.namespace).join(', ');
    throw problem(`there is a secret "${name}" in several namespaces`, `give --namespace with one of ${places}`);
  }
  console.error(`Found in namespace "${showControls(first.metadata.namespace)}".`);
  return first;
}

async function get<T>(
  server: ApiServer,
  path: string,
  cluster: string,
  schema: v.GenericSchema<unknown, T>,
): Promise<{ status: number; body?: T }> {
  let answer: { status: number; body?: unknown };
  try {
    answer = await server.get(path);
  } catch (thrown) {
    throw problem(
      `${cluster} cannot be reached (${reasonOf(thrown)})`,
      'check the network, the VPN, and the address in kubectl\u2019s configuration',
    );
  }
  const { status, body } = answer;
  if (status !== 200) return { status };
  const parsed = v.safeParse(schema, body);
  if (!parsed.success) throw problem(`${cluster} did not respond like an API server`, 'check the address in kubectl\u2019s configuration');
  return { status, body: parsed.output };
}

function valueOf({ data, metadata }: Secret, key: string): string {
  const value = Buffer.from(data?.[key] ?? '', 'base64')
    .toString('utf8')
    .trim();
  if (value !== '' && /^[\x21-\x7e]+$/.test(value)) return value;
  const has = Object.keys(data ?? {}).join(', ') || 'none';
  throw problem(
    `secret "${metadata.name}" has no usable key ${key}`,
    `it has ${has}; give --secret if the audit log's secret has another name`,
  );
}

function explain(status: number, what: string, cluster: string): AuditError {
  switch (status) {
    case 401:
      return problem(`${cluster} rejected your credentials`, 'log in to the cluster again');
    case 403:
      return problem(`you may not read ${what} of ${cluster}`, 'ask for the permission "get" on "secrets" there');
    case 404:
      return problem(`there is no ${what} of ${cluster}`, 'give another --namespace, --context or --secret');
    default:
      return problem(`${cluster} responded with ${status}`, 'check the log of the API server');
  }
}

/**
 * Writes a value so that both dotenv and a shell that sources the file read it back. dotenv has no escapes for quotes, and takes a backslash before a
 * quote for one.
 */
function dotenvWord(name: string, text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!text.includes("'") && !text.endsWith('\\')) return `'${text}'`;
  if (!/["$`\\]/.test(text)) return `"${text}"`;
  throw problem(`the value for ${name} cannot be written so that both dotenv and a shell read it`, 'give --format shell or --format json');
}
