import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A server that a test has started for itself. */
export interface TestServer {
  port: number;
  /** Kills the server without a shutdown and starts it again on the same data. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function find(program: string, folders: string[]): string | undefined {
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

const PATHS = (process.env['PATH'] ?? '').split(delimiter);
const POSTGRES_FOLDERS = existsSync('/usr/lib/postgresql')
  ? readdirSync('/usr/lib/postgresql')
      .sort()
      .reverse()
      .map((version) => `/usr/lib/postgresql/${version}/bin`)
  : [];
const INITDB = find('initdb', [...POSTGRES_FOLDERS, ...PATHS]);
const POSTGRES = find('postgres', [...POSTGRES_FOLDERS, ...PATHS]);
const NATS = find('nats-server', [...PATHS, '/usr/sbin']);

/** Why PostgreSQL cannot be started, with the command that would provide it. */
export const noPostgres = INITDB && POSTGRES ? undefined : 'PostgreSQL is missing; "apt-get install postgresql" provides it';
/** Why NATS cannot be started, with the command that would provide it. */
export const noNats = NATS ? undefined : 'nats-server is missing; "apt-get install nats-server" provides it';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (isOpen) return;
    await pause(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** PostgreSQL refuses to run as root. Its files then belong to the user that its package creates. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function started(
  folder: string,
  port: number,
  command: string,
  args: string[],
  options: { uid: number; gid: number } | undefined,
  ready: () => Promise<void>,
): Promise<TestServer> {
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(command, args, { stdio: 'ignore', cwd: folder, ...options });
    await ready();
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  await start();
  return {
    port,
    kill: () => end('SIGKILL'),
    restart: start,
    async stop() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts PostgreSQL on loopback, without passwords and with durable commits. */
export async function startPostgres(): Promise<TestServer & { url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-postgres-'));
  const user = postgresUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const made = spawnSync(INITDB!, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '-N'], {
    cwd: folder,
    ...user,
  });
  if (made.status !== 0) throw new Error(String(made.stderr));
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const { Client } = await import('pg');
  const ready = async (): Promise<void> => {
    for (let tries = 0; ; tries += 1) {
      const client = new Client({ connectionString: url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('SELECT 1');
        return await client.end();
      } catch (thrown) {
        if (tries > 200) throw thrown;
        await pause(50);
      }
    }
  };
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=on', '-c', 'max_connections=60'];
  return { ...(await started(folder, port, POSTGRES!, args, user, ready)), url };
}

/** Starts NATS servers with JetStream: a cluster of three, or a single one. */
export async function startNats(count: 1 | 3): Promise<{ nodes: TestServer[]; servers: string[]; stop(): Promise<void> }> {
  const ports = await Promise.all(Array.from({ length: count * 2 }, freePort));
  const [clients, routes] = [ports.slice(0, count), ports.slice(count)];
  const nodes = await Promise.all(
    clients.map((port, index) => {
      const folder = mkdtempSync(join(tmpdir(), 'auditlogin-nats-'));
      const cluster =
        count === 1
          ? ''
          : `cluster { name: audit, listen: "127.0.0.1:${routes[index]}", routes: [${routes.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')}] }`;
      writeFileSync(
        join(folder, 'nats.conf'),
        `server_name: n${index}\nlisten: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/data" }\n${cluster}\n`,
      );
      return started(folder, port, NATS!, ['-c', join(folder, 'nats.conf')], undefined, () => answers(port));
    }),
  );
  return {
    nodes,
    servers: clients.map((port) => `127.0.0.1:${port}`),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}
