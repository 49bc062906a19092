import { AuditError } from '@auditlogin/core';
import type { CoreV1Api, KubeConfig, V1Secret } from '@kubernetes/client-node';
import { shellWord } from '../shell.js';

/** The flags of `auditlogin env`. */
export interface EnvFlags {
  namespace?: string;
  context?: string;
  secret: string;
  format: 'shell' | 'dotenv' | 'json';
}

/** The keys of the secret that the audit log's install leaves (Publisher API, "Configuration that users already have"). */
const KEYS = { AUDITLOG_API_TOKEN: 'BOOTSTRAP_PUBLISHER_TOKEN', AUDITLOG_API_PROJECT: 'BOOTSTRAP_PUBLISHER_PROJECT' } as const;
/** The name that the client gives to a cluster that nobody configured. */
const UNCONFIGURED = 'loaded-context';

/**
 * Prints token and project from the secret of the audit log's install, as lines for a shell, a `.env` file, or JSON.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_KUBERNETES` when the secret cannot be read, saying why
 */
export async function env({ namespace, context, secret, format }: EnvFlags): Promise<void> {
  // Loaded here, since it takes longer than any other command runs.
  const { KubeConfig, CoreV1Api } = await import('@kubernetes/client-node');
  const config = configured(new KubeConfig(), context);
  const core = config.makeApiClient(CoreV1Api);
  const found = await find(core, config, secret, namespace);
  const values = Object.entries(KEYS).map(([variable, key]) => [variable, valueOf(found, key)] as const);
  if (format === 'json') console.log(JSON.stringify(Object.fromEntries(values), null, 2));
  for (const [variable, value] of format === 'json' ? [] : values) {
    console.log(format === 'shell' ? `export ${variable}=${shellWord(value)}` : `${variable}=${dotenvWord(value)}`);
  }
}

function configured(config: KubeConfig, context: string | undefined): KubeConfig {
  try {
    config.loadFromDefault();
  } catch (thrown) {
    throw problem(`kubectl's configuration cannot be read: ${reasonOf(thrown)}`, 'check KUBECONFIG or ~/.kube/config');
  }
  const names = config.getContexts().map(({ name }) => name);
  if (names.length === 1 && names[0] === UNCONFIGURED) {
    throw problem('no cluster is configured', 'set KUBECONFIG, or log in to the cluster so that ~/.kube/config is written');
  }
  if (context !== undefined) {
    if (!names.includes(context)) throw problem(`there is no context ${JSON.stringify(context)}`, `there are ${names.join(', ')}`);
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw problem('no context is chosen', `give --context with one of ${names.join(', ')}`);
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw problem(
      `${cluster.server} would get your credentials in clear text`,
      'use https, or set insecure-skip-tls-verify for that cluster',
    );
  }
  return config;
}

async function find(core: CoreV1Api, config: KubeConfig, name: string, namespace: string | undefined): Promise<V1Secret> {
  const cluster = `${config.getCurrentCluster()!.name} (${config.getCurrentCluster()!.server})`;
  const own = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  try {
    return await core.readNamespacedSecret({ name, namespace: own });
  } catch (thrown) {
    if (statusOf(thrown) !== 404 || namespace !== undefined) throw explain(thrown, `secret "${name}" in namespace "${own}"`, cluster);
  }
  // The install may be in any namespace.
  let everywhere: V1Secret[];
  try {
    everywhere = (await core.listSecretForAllNamespaces({ fieldSelector: `metadata.name=${name}` })).items;
  } catch {
    throw problem(
      `there is no secret "${name}" in namespace "${own}" of ${cluster}, and you may not look into all namespaces`,
      'give --namespace',
    );
  }
  if (everywhere.length === 1) {
    console.error(`Found in namespace "${everywhere[0]!.metadata?.namespace}".`);
    return everywhere[0]!;
  }
  const places = everywhere.map(({ metadata }) => metadata?.namespace).join(', ');
  if (places === '')
    throw problem(`there is no secret "${name}" in ${cluster}`, 'install the audit log there, or give --context or --secret');
  throw problem(`there is a secret "${name}" in several namespaces`, `give --namespace with one of ${places}`);
}

function valueOf({ data, metadata }: V1Secret, key: string): string {
  const value = Buffer.from(data?.[key] ?? '', 'base64')
    .toString('utf8')
    .trim();
  if (value !== '' && /^[\x21-\x7e]+$/.test(value)) return value;
  const has = Object.keys(data ?? {}).join(', ') || 'none';
  throw problem(
    `secret "${metadata?.name}" has no usable key ${key}`,
    `it has ${has}; give --secret if the audit log's secret has another name`,
  );
}

function explain(thrown: unknown, what: string, cluster: string): AuditError {
  switch (statusOf(thrown)) {
    case 401:
      return problem(`${cluster} does not know you`, 'log in to the cluster anew');
    case 403:
      return problem(`you may not read ${what} of ${cluster}`, 'ask for the permission "get" on "secrets" there');
    case 404:
      return problem(`there is no ${what} of ${cluster}`, 'give another --namespace, --context or --secret');
    case undefined:
      return problem(
        `${cluster} cannot be reached (${reasonOf(thrown)})`,
        'check the network, the VPN, and the address in kubectl\u2019s configuration',
      );
    default:
      return problem(`${cluster} answered ${statusOf(thrown)}`, 'look into the cluster\u2019s own log');
  }
}

function statusOf(thrown: unknown): number | undefined {
  const { code } = thrown as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/** The client's own errors may hold a request, and with it a credential: only a code or a kind is told. */
function reasonOf(thrown: unknown): string {
  const { code, cause, name } = thrown as { code?: unknown; cause?: { code?: unknown }; name?: unknown };
  return String(code ?? cause?.code ?? name ?? 'unknown');
}

function problem(what: string, advice: string): AuditError {
  return new AuditError('ERR_AUDIT_KUBERNETES', `The secret could not be read: ${what}; ${advice}.`);
}

function dotenvWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text}'`;
}
