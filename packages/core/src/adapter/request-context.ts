import type { AsyncLocalStorage } from 'node:async_hooks';

/** A registered symbol, so that all copies of this package share the storage. */
const CONTEXT = Symbol.for('auditlogin.context');
type Holder = { [CONTEXT]?: AsyncLocalStorage<unknown> };

/**
 * Runs the handlers with the observation in an AsyncLocalStorage, if `mark()` was imported from `@auditlogin/core`. Otherwise none is created, since
 * before Node 24 it makes every promise of the process slower.
 *
 * @param observation the observation of the request
 * @param run the application's handlers
 */
export function runInContext<T>(observation: unknown, run: () => T): T {
  const storage = (globalThis as Holder)[CONTEXT];
  return storage === undefined || storage.getStore() === observation ? run() : storage.run(observation, run);
}

/**
 * Restores the observation in the AsyncLocalStorage, which some body parsers lose.
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
 * Makes adapters store the observation from now on.
 *
 * @param create creates the storage, unless another copy of this package has
 */
export function keepAtHand(create: () => AsyncLocalStorage<unknown>): void {
  (globalThis as Holder)[CONTEXT] ??= create();
}
