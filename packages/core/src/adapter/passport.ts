import Module from 'node:module';
import type { LibraryVerdict } from '../attempt/attempt.js';
import type { PassportSearch } from './audit-reader.js';
import { readLoginForm } from './login-form.js';
import type { Observation } from './observation.js';
import { observationIn } from './observed-request.js';
import { errorOf, failureOf, type StrategyNames, strategyTraits, type StrategyTraits, successOf } from './passport-verdict.js';

/** A strategy, registered or acting. For each request Passport creates an object from the registered strategy and adds the five functions to it. */
interface Strategy {
  name?: unknown;
  authenticate(this: Acting, request: unknown, options?: Options, ...rest: unknown[]): unknown;
}

interface Options {
  /** The property that gets the user; the session is then not changed. */
  assignProperty?: unknown;
}

interface Acting {
  success?: Said;
  fail?: Said;
  error?: Said;
}

type Said = (this: unknown, ...said: unknown[]) => unknown;

/** The class of the instances of Passport or @fastify/passport. */
interface Authenticator {
  /** Passport: finds a registered strategy, for each request. */
  _strategy?(name: string): Strategy | undefined;
  /** @fastify/passport: the same. */
  strategy?(name: string): Strategy | undefined;
  authenticate?(strategy: unknown, ...rest: unknown[]): unknown;
}

const HEARD = Symbol.for('auditlogin.passport');
const LOADED = /[\\/](?:passport[\\/]lib|@fastify[\\/]passport[\\/]dist)[\\/]authenticator\.js$/i;

/**
 * Listens to Passport: whenever a strategy has checked a credential, its verdict becomes evidence of the attempt. Adapters find Passport by themselves
 * wherever Node's `require` has loaded it; call this for one that a bundler has packed into the application.
 *
 * @example
 * ```ts
 * import passport from 'passport';
 * import { auditPassport } from '@auditlogin/core';
 * auditPassport(passport);
 * ```
 * @param passport the instance: `passport`, `new Passport()`, that of koa-passport or @fastify/passport. All instances of its class are heard
 */
export function auditPassport(passport: object): void {
  const prototype = classOf(passport);
  if (!prototype) return;
  isHeard = true;
  if (HEARD in prototype) return;
  Object.defineProperty(prototype, HEARD, { value: true });
  for (const name of ['_strategy', 'strategy'] as const) {
    const find = prototype[name];
    if (typeof find !== 'function') continue;
    prototype[name] = function (this: Authenticator, called) {
      const strategy = find.call(this, called);
      hear(strategy, called);
      return strategy;
    };
  }
  const { authenticate } = prototype;
  if (typeof authenticate !== 'function') return;
  // A strategy that is passed as an object may have no name.
  prototype.authenticate = function (this: Authenticator, strategies, ...rest) {
    for (const one of Array.isArray(strategies) ? (strategies as unknown[]) : [strategies]) hear(one, undefined);
    return authenticate.call(this, strategies, ...rest);
  };
}

/** koa-passport's instances are of a class of its own that inherits from Passport's. */
function classOf(passport: object): Authenticator | undefined {
  for (let one = passport as Authenticator | null; one !== null; one = Object.getPrototypeOf(one) as Authenticator | null) {
    if (Object.hasOwn(one, '_strategy') || (Object.hasOwn(one, 'strategy') && Object.hasOwn(one, 'authenticate'))) return one;
  }
  return undefined;
}

let requests = 0;
let isHeard = false;

/** Finds Passport for adapters. */
export const passportSearch: PassportSearch = {
  amongModules() {
    requests += 1;
    if ((requests & (requests - 1)) === 0) lookAmongModules();
  },
  onRequest(...holders) {
    if (isHeard) return;
    for (const holder of holders) {
      const { _passport, passport } = holder as { _passport?: { instance?: unknown }; passport?: unknown };
      for (const instance of [_passport?.instance, passport]) {
        if (typeof instance === 'object' && instance !== null) auditPassport(instance);
      }
    }
  },
};

function lookAmongModules(): void {
  // What `require.cache` is, which modules of ECMAScript lack.
  const { _cache: loaded } = Module as unknown as { _cache?: Record<string, { exports?: unknown } | undefined> };
  for (const file of Object.keys(loaded ?? {})) {
    if (!LOADED.test(file)) continue;
    const exports = loaded?.[file]?.exports as { prototype?: object; Authenticator?: { prototype?: object } } | undefined;
    const prototype = exports?.prototype ?? exports?.Authenticator?.prototype;
    if (prototype) auditPassport(prototype);
  }
}

/** Wraps a strategy, once, so that it reports its verdicts. */
function hear(strategy: unknown, called: string | undefined): void {
  if (typeof strategy !== 'object' || strategy === null || Object.hasOwn(strategy, HEARD) || !Object.isExtensible(strategy)) return;
  const heard = strategy as Strategy;
  if (typeof heard.authenticate !== 'function') return;
  const traits = strategyTraits(namesOf(heard, called), heard);
  Object.defineProperty(heard, HEARD, { value: true });
  if (traits.recognises) return;
  const { authenticate } = heard;
  Object.defineProperty(heard, 'authenticate', {
    configurable: true,
    writable: true,
    value: function (this: Acting, request: unknown, options?: Options, ...rest: unknown[]): unknown {
      listen(this, request, options, traits);
      return authenticate.call(this, request, options, ...rest);
    },
  });
}

function namesOf(strategy: Strategy, called: string | undefined): StrategyNames {
  const names: unknown[] = [called, strategy.name];
  for (
    let one: object | null = Object.getPrototypeOf(strategy) as object | null;
    one !== null && one !== Object.prototype;
    one = Object.getPrototypeOf(one) as object | null
  ) {
    names.push((one.constructor as { name?: unknown } | undefined)?.name);
  }
  return names.filter((name) => typeof name === 'string');
}

/** Reports the verdict of a strategy to the observation of the request. */
function listen(acting: Acting, request: unknown, options: Options | undefined, traits: StrategyTraits): void {
  const observation = observationOf(request);
  if (!observation?.hearsPassport) return;
  const verdicts: { [Name in keyof Acting]-?: (...said: unknown[]) => LibraryVerdict } = {
    success: (user) => successOf(user, traits),
    fail: (challenge, status) =>
      typeof challenge === 'number' ? failureOf(undefined, challenge, traits) : failureOf(challenge, status, traits),
    error: () => errorOf(traits),
  };
  for (const name of ['success', 'fail', 'error'] as const) {
    const say = acting[name];
    if (typeof say !== 'function') continue;
    acting[name] = function (this: unknown, ...said: unknown[]) {
      observation.tell(() => (isLogin(request as RequestParts, options, traits) ? verdicts[name](...said) : undefined));
      return say.apply(this, said);
    };
  }
}

/** What Passport gets as request in Koa and Fastify is around the request of node:http. */
function observationOf(request: unknown): Observation | undefined {
  const { raw, req } = (request ?? {}) as { raw?: unknown; req?: unknown };
  return observationIn(request) ?? observationIn(raw) ?? observationIn(req);
}

interface RequestParts {
  body?: unknown;
  headers?: Record<string, unknown>;
}

function isLogin({ headers, body }: RequestParts, options: Options | undefined, { everywhere, method }: StrategyTraits): boolean {
  // `authorize()` connects an account of a provider with whoever is in.
  const { assignProperty } = options ?? {};
  if (assignProperty !== undefined && assignProperty !== 'user') return false;
  if (!everywhere || method === 'oauth' || method === 'oidc') return true;
  // Without `Authorization` nothing was tried; beside a form it is the reminder of an earlier login.
  return headers?.['authorization'] !== undefined && !readLoginForm(body).carriesCredential;
}
