import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import type { Cluster, CredentialPlugin, User } from './kubeconfig.js';
import { problem, reasonOf } from './problem.js';

/** The credentials that are sent to the API server. */
export interface Credentials {
  headers: Record<string, string | string[]>;
  /** Client certificate and its key, as PEM. */
  cert?: string | Buffer | undefined;
  key?: string | Buffer | undefined;
}

/** The output of a credential plugin (client.authentication.k8s.io/v1, ExecCredential). */
const credentialSchema = v.object({
  kind: v.literal('ExecCredential'),
  status: v.object({ token: v.nullish(v.string()), clientCertificateData: v.nullish(v.string()), clientKeyData: v.nullish(v.string()) }),
});
type PluginCredential = v.InferOutput<typeof credentialSchema>['status'];

const PLUGIN_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Name of the extension with a cluster's settings for its plugin. */
const PLUGIN_EXTENSION = 'client.authentication.k8s.io/exec';

/**
 * Finds the credentials of a user as kubectl does: a token, a name and password, or the output of the user's plugin; and a client certificate.
 *
 * @param user the user of the context
 * @param cluster the cluster of the context, which a plugin may ask for
 * @throws AuditError `ERR_AUDIT_KUBERNETES` if the credentials cannot be read
 */
export async function credentialsOf(user: User, cluster: Cluster): Promise<Credentials> {
  const own = authorizationOf(user);
  const { token, clientCertificateData, clientKeyData } = own === undefined && user.exec ? await ask(user.exec, cluster) : {};
  const authorization = own ?? (token ? `Bearer ${token}` : undefined);
  return {
    headers: { ...(authorization === undefined ? {} : { authorization }), ...impersonated(user) },
    cert: clientCertificateData ?? pem(user['client-certificate-data'], user['client-certificate']),
    key: clientKeyData ?? pem(user['client-key-data'], user['client-key']),
  };
}

/**
 * Reads a value that a configuration contains as base64, or else as the path of a file.
 *
 * @param data base64
 * @param path of the file
 */
export function pem(data: string | null | undefined, path: string | null | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return path ? read(path) : undefined;
}

function authorizationOf(user: User): string | undefined {
  const token = user.tokenFile ? read(user.tokenFile).toString('utf8').trim() : user.token;
  if (token) return `Bearer ${token}`;
  if (user.username) return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
  const provider = user['auth-provider'];
  if (!provider) return undefined;
  const idToken = provider.name === 'oidc' ? provider.config?.['id-token'] : undefined;
  if (idToken && !hasExpired(idToken)) return `Bearer ${idToken}`;
  throw problem(
    `the auth provider ${JSON.stringify(provider.name)} of your user has no valid token`,
    'run kubectl once so that it renews the token, or set up a credential plugin (exec)',
  );
}

function hasExpired(jwt: string): boolean {
  try {
    const { exp } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp !== 'number' || exp * 1000 <= Date.now();
  } catch {
    return true;
  }
}

function impersonated(user: User): Record<string, string | string[]> {
  return {
    ...(user.as ? { 'impersonate-user': user.as } : {}),
    ...(user['as-uid'] ? { 'impersonate-uid': user['as-uid'] } : {}),
    ...(user['as-groups']?.length ? { 'impersonate-group': user['as-groups'] } : {}),
  };
}

/** Runs the plugin. Its standard error is shown to the user, since it may contain instructions to log in. */
async function ask(plugin: CredentialPlugin, cluster: Cluster): Promise<PluginCredential> {
  const { command, args, apiVersion, interactiveMode } = plugin;
  const name = JSON.stringify(command);
  if (!apiVersion || !PLUGIN_VERSIONS.includes(apiVersion)) {
    throw problem(`the credential plugin ${name} is set up for an unsupported version`, `set one of ${PLUGIN_VERSIONS.join(', ')}`);
  }
  // `isTTY` is undefined without a terminal.
  const interactive = interactiveMode !== 'Never' && Boolean(process.stdin.isTTY);
  if (interactiveMode === 'Always' && !interactive) throw problem(`the credential plugin ${name} asks questions`, 'run this in a terminal');
  let output: string;
  try {
    const child = spawn(command, args ?? [], {
      env: { ...process.env, ...variables(plugin, cluster, interactive) },
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
    });
    const [printed] = await Promise.all([text(child.stdout), once(child, 'close')]);
    if (child.exitCode !== 0) throw Object.assign(new Error(), { code: `exit code ${child.exitCode}` });
    output = printed;
  } catch (thrown) {
    throw problem(`the credential plugin ${name} failed (${reasonOf(thrown)})`, 'install it, or log in to the cluster again');
  }
  const parsed = v.safeParse(credentialSchema, parseJson(output));
  if (parsed.success) return parsed.output.status;
  throw problem(`the credential plugin ${name} printed no ExecCredential`, 'log in to the cluster again');
}

function variables(plugin: CredentialPlugin, cluster: Cluster, interactive: boolean): NodeJS.ProcessEnv {
  const info = {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: { interactive, ...(plugin.provideClusterInfo ? { cluster: forPlugin(cluster) } : {}) },
  };
  const own = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  return { ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
}

function forPlugin(cluster: Cluster): object {
  return {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'] ?? undefined,
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'] ?? undefined,
    'certificate-authority-data': pem(cluster['certificate-authority-data'], cluster['certificate-authority'])?.toString('base64'),
    'proxy-url': cluster['proxy-url'] ?? undefined,
    config: cluster.extensions?.find(({ name }) => name === PLUGIN_EXTENSION)?.extension,
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw problem(`${JSON.stringify(path)} of kubectl's configuration cannot be read (${reasonOf(thrown)})`, 'log in to the cluster again');
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
