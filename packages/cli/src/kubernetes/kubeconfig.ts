import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import * as v from 'valibot';
import { problem, reasonOf } from './problem.js';

const text = v.nullish(v.string());

const pluginSchema = v.object({
  apiVersion: text,
  command: v.pipe(v.string(), v.minLength(1)),
  args: v.nullish(v.array(v.string())),
  env: v.nullish(v.array(v.object({ name: v.string(), value: v.string() }))),
  provideClusterInfo: v.nullish(v.boolean()),
  interactiveMode: v.nullish(v.picklist(['Never', 'IfAvailable', 'Always'])),
});
const clusterSchema = v.object({
  server: v.pipe(v.string(), v.url(), v.regex(/^https?:/i)),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': v.nullish(v.boolean()),
  'tls-server-name': text,
  'proxy-url': text,
  extensions: v.nullish(v.array(v.object({ name: v.string(), extension: v.unknown() }))),
});
const userSchema = v.object({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': v.nullish(v.array(v.string())),
  exec: v.nullish(pluginSchema),
  'auth-provider': v.nullish(v.object({ name: v.string(), config: v.nullish(v.record(v.string(), v.string())) })),
});
const contextSchema = v.object({ cluster: v.string(), user: text, namespace: text });
const fileSchema = v.object({
  'current-context': text,
  clusters: v.nullish(v.array(v.object({ name: v.string(), cluster: clusterSchema }))),
  users: v.nullish(v.array(v.object({ name: v.string(), user: userSchema }))),
  contexts: v.nullish(v.array(v.object({ name: v.string(), context: contextSchema }))),
});

/** A cluster in kubectl's configuration. */
export type Cluster = v.InferOutput<typeof clusterSchema>;
/** A user in kubectl's configuration. */
export type User = v.InferOutput<typeof userSchema>;
/** A program that prints credentials. */
export type CredentialPlugin = v.InferOutput<typeof pluginSchema>;
/** A context in kubectl's configuration. */
type NamedContext = v.InferOutput<typeof contextSchema>;
type File = v.InferOutput<typeof fileSchema>;

/** A context: a cluster, a user, and the namespace of the secret. */
export interface Context {
  clusterName: string;
  cluster: Cluster;
  user: User;
  namespace: string;
}

/** Folder of the service account in a pod. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Finds the cluster, the user and the namespace as kubectl does: in the files of `KUBECONFIG`, where the first file that defines a name wins, or in
 * `~/.kube/config`. In a pod without either it uses the service account.
 *
 * @param chosen name of the context; defaults to the current one
 * @param env the environment
 * @param serviceAccount folder of the pod's service account
 * @throws AuditError `ERR_AUDIT_KUBERNETES` if there is none or it cannot be read
 */
export function readContext(chosen?: string, env: NodeJS.ProcessEnv = process.env, serviceAccount = SERVICE_ACCOUNT): Context {
  const configuration = merged(pathsIn(env).filter(existsSync).map(readFile));
  if (configuration.contexts.size > 0) return contextIn(configuration, chosen);
  const context = inPod(env, serviceAccount);
  if (context) return context;
  throw problem('no cluster is configured', 'set KUBECONFIG, or log in to the cluster so that ~/.kube/config is written');
}

/** What the files of kubectl's configuration define together. */
interface Configuration {
  current: string | undefined;
  contexts: Map<string, NamedContext>;
  clusters: Map<string, Cluster>;
  users: Map<string, User>;
}

function merged(files: File[]): Configuration {
  return {
    current: files.map((file) => file['current-context'] ?? undefined).find(Boolean),
    contexts: byName(files.flatMap(({ contexts }) => contexts ?? []).map(({ name, context }) => [name, context])),
    clusters: byName(files.flatMap(({ clusters }) => clusters ?? []).map(({ name, cluster }) => [name, cluster])),
    users: byName(files.flatMap(({ users }) => users ?? []).map(({ name, user }) => [name, user])),
  };
}

/** The first entry of a name counts. */
function byName<T>(entries: [name: string, value: T][]): Map<string, T> {
  const named = new Map<string, T>();
  for (const [name, value] of entries) if (!named.has(name)) named.set(name, value);
  return named;
}

function contextIn({ current, contexts, clusters, users }: Configuration, chosen: string | undefined): Context {
  const names = [...contexts.keys()].join(', ');
  const name = chosen ?? current;
  if (!name) throw problem('no context is chosen', `give --context with one of ${names}`);
  const context = contexts.get(name);
  if (!context) throw problem(`there is no context ${JSON.stringify(name)}`, `there are ${names}`);
  const cluster = clusters.get(context.cluster);
  if (!cluster) throw problem(`context ${JSON.stringify(name)} names a cluster that does not exist`, `give --context with one of ${names}`);
  const user = users.get(context.user ?? '') ?? {};
  return { clusterName: context.cluster, cluster, user, namespace: context.namespace || 'default' };
}

function pathsIn(env: NodeJS.ProcessEnv): string[] {
  const named = env['KUBECONFIG']?.split(delimiter).filter(Boolean) ?? [];
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

function readFile(path: string): File {
  let content: unknown;
  try {
    // A warning of the parser would print the line, which may contain a secret.
    content = parse(readFileSync(path, 'utf8'), { logLevel: 'error' }) ?? {};
  } catch (thrown) {
    throw unreadable(reasonOf(thrown));
  }
  const parsed = v.safeParse(fileSchema, content);
  if (!parsed.success) throw unreadable(`${v.getDotPath(parsed.issues[0]) ?? 'it'} is not as expected`);
  return withPathsFrom(dirname(resolve(path)), parsed.output);
}

/** Resolves the paths in a file relative to it. A command without a slash is searched in PATH. */
function withPathsFrom(folder: string, file: File): File {
  const absolute = (path: string | null | undefined): string | null | undefined => (path ? resolve(folder, path) : path);
  for (const { cluster } of file.clusters ?? []) cluster['certificate-authority'] = absolute(cluster['certificate-authority']);
  for (const { user } of file.users ?? []) {
    for (const key of ['tokenFile', 'client-certificate', 'client-key'] as const) user[key] = absolute(user[key]);
    if (user.exec && /[/\\]/.test(user.exec.command) && !isAbsolute(user.exec.command))
      user.exec.command = resolve(folder, user.exec.command);
  }
  return file;
}

function inPod(env: NodeJS.ProcessEnv, folder: string): Context | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port || !existsSync(join(folder, 'token'))) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    clusterName: 'this cluster',
    cluster: { server, 'certificate-authority': join(folder, 'ca.crt') },
    user: { tokenFile: join(folder, 'token') },
    namespace: readFileSync(join(folder, 'namespace'), 'utf8').trim() || 'default',
  };
}

function unreadable(reason: string): Error {
  return problem(`kubectl's configuration cannot be read: ${reason}`, 'check KUBECONFIG or ~/.kube/config');
}
