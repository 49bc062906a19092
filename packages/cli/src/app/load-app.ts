import { Server } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AuditError } from '@auditlogin/core';
import { expressRoutes, noteExpressMounts } from './express-routes.js';
import { fastifyRoutes, hearFastifyRoutes } from './fastify-routes.js';
import { koaRoutes } from './koa-routes.js';
import type { AppRoutes } from './route.js';

/** How many steps lead to the application at most: a module, its default export, a function, a promise. */
const MAX_DEPTH = 4;

/**
 * Loads an application and lists its routes. The application never listens, and its audit is disabled, so nothing is recorded, sent or written.
 *
 * @param module path of the module, relative to the current folder; its default export or `app` is the application or a function that returns it
 * @param timeout how long loading may take, in milliseconds
 * @throws AuditError `ERR_AUDIT_APP` if the application cannot be loaded
 */
export async function loadAppRoutes(module: string, timeout: number): Promise<AppRoutes> {
  const file = resolve(module);
  process.env['AUDITLOG_DISABLED'] = '1';
  Server.prototype.listen = function (this: Server) {
    return this;
  };
  noteExpressMounts(file);
  hearFastifyRoutes();
  const restore = outputAside();
  try {
    return await within(timeout, module, routesIn(await within(timeout, module, importApp(file, module)), module));
  } finally {
    restore();
  }
}

async function importApp(file: string, module: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (thrown) {
    throw problem(module, `could not be loaded: ${messageOf(thrown)}`, thrown);
  }
}

async function routesIn(loaded: unknown, module: string): Promise<AppRoutes> {
  let candidates: unknown[] = [loaded];
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    for (const candidate of candidates) {
      const found = expressRoutes(candidate) ?? koaRoutes(candidate) ?? (await fastifyRoutes(candidate));
      if (found) return found;
    }
    candidates = (await Promise.all(candidates.map((candidate) => inside(candidate, module)))).flat();
  }
  throw problem(
    module,
    'exports no Express, Koa or Fastify application; expected one as default export or as "app", or a function that returns one',
  );
}

/** Returns the candidates inside a candidate: the exports of a module, the result of a function, or the value of a promise. */
async function inside(candidate: unknown, module: string): Promise<unknown[]> {
  if (candidate instanceof Promise) return [await (candidate as Promise<unknown>)];
  if (typeof candidate === 'function') {
    try {
      return [await (candidate as () => unknown)()];
    } catch (thrown) {
      throw problem(module, `exports a function that failed: ${messageOf(thrown)}`, thrown);
    }
  }
  const { default: main, app } = Object(candidate) as { default?: unknown; app?: unknown };
  return [main, app].filter((each) => each !== undefined && each !== null);
}

async function within<T>(timeout: number, module: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(problem(module, `was not ready within ${timeout} ms; raise --timeout`)), timeout);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Redirects the application's standard output to standard error, since it is not the result of the command. */
function outputAside(): () => void {
  const { write } = process.stdout;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return () => (process.stdout.write = write);
}

function problem(module: string, what: string, cause?: unknown): AuditError {
  return new AuditError('ERR_AUDIT_APP', `The module ${JSON.stringify(module)} ${what}.`, { field: 'app', cause });
}

function messageOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0]!.replace(/\.$/, '');
}
