import type { AsyncLocalStorage } from 'node:async_hooks';

/** The same in every copy of this package. */
const CONTEXT = Symbol.for('auditlogin.context');
type Holder = { [CONTEXT]?: AsyncLocalStorage<unknown> };

/**
 * Keeps the observation of a request at hand for all that runs below, if `mark()` was imported from `@auditlogin/core`: before Node 24 a process that uses
 * AsyncLocalStorage pays for it with every promise.
 *
 * @param observation of the request
 * @param run the application's handlers
 */
export function runInContext<T>(observation: unknown, run: () => T): T {
  const storage = (globalThis as Holder)[CONTEXT];
  return storage === undefined || storage.getStore() === observation ? run() : storage.run(observation, run);
}

/**
 * Puts an observation at hand again where the way to the handler has lost it.
 *
 * @param observation of the request
 */
export function enterContext(observation: unknown): void {
  const storage = (globalThis as Holder)[CONTEXT];
  if (storage && storage.getStore() !== observation) storage.enterWith(observation);
}

/** The observation of the request that is being handled; undefined outside of one. */
export function observationAtHand(): unknown {
  return (globalThis as Holder)[CONTEXT]?.getStore();
}

/**
 * Has adapters keep the observation at hand from now on.
 *
 * @param create makes the storage, if no copy of this package has
 */
export function keepAtHand(create: () => AsyncLocalStorage<unknown>): void {
  (globalThis as Holder)[CONTEXT] ??= create();
}
