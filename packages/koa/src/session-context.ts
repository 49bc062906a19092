import { observationIn } from '@auditlogin/core/adapter';
import type { Context } from 'koa';

/** The object of koa-session for each context: it has the session after it was loaded, or `false` after it was removed. */
interface ContextSession {
  ctx: Context;
  session?: object | false;
  store?: unknown;
  opts?: { key?: string; signed?: boolean; decode?(cookie: string): unknown };
  set?(value: object | null): void;
  initFromExternal?(): Promise<void>;
  initFromCookie?(): void;
  save?(changed: boolean): Promise<void>;
}

/** The names of koa-session's getter on the application's context and of its property on a context, until release 6 and from 7 on. */
const GETTERS = new Set(['context#contextSession', 'get contextSession']);
const PROPERTIES = new Set(['context#_contextSession', 'contextSession instance']);

const WATCHED = Symbol.for('auditlogin.session');

/**
 * Returns the session of a context if it is loaded. koa-session's getter `ctx.session` creates a session if it is used too early, so it is never used.
 *
 * @param context the Koa context
 */
export function loadedSession(context: Context): unknown {
  const own = Object.getOwnPropertyDescriptor(context, 'session');
  if (own) return own.value ?? keptSession(context);
  const property = symbolIn(context, PROPERTIES);
  return (property && (context as unknown as Record<symbol, ContextSession>)[property]?.session) || undefined;
}

/**
 * Observes how koa-session loads and saves sessions, once for each copy of koa-session.
 *
 * @param context the Koa context of any request
 */
export function watchSessions(context: Context): void {
  const getter = symbolIn(context.app.context, GETTERS);
  if (!getter) return;
  // The getter is used on an object that inherits from the context, so that it changes nothing on the context itself.
  const probe = Object.create(context) as Record<symbol, ContextSession>;
  const prototype = Object.getPrototypeOf(probe[getter]) as ContextSession;
  if (WATCHED in prototype) return;
  Object.defineProperty(prototype, WATCHED, { value: true });
  const { initFromExternal, initFromCookie, save, set } = prototype;
  if (initFromExternal) {
    prototype.initFromExternal = async function (this: ContextSession) {
      await initFromExternal.call(this);
      observationIn(this.ctx.req)?.sessionLoaded();
    };
  }
  if (initFromCookie) {
    prototype.initFromCookie = function (this: ContextSession) {
      initFromCookie.call(this);
      observationIn(this.ctx.req)?.sessionLoaded();
    };
  }
  if (set) {
    prototype.set = function (this: ContextSession, value) {
      // A logout may set the session to null without having read it, so that nothing else shows whose it was.
      if (value === null && this.session === undefined && !this.store) {
        observationIn(this.ctx.req)?.sessionLoaded(() => sessionInCookie(this));
      }
      set.call(this, value);
    };
  }
  if (save) {
    prototype.save = async function (this: ContextSession, changed) {
      try {
        await save.call(this, changed);
      } catch (error) {
        observationIn(this.ctx.req)?.saved(false);
        throw error;
      }
      observationIn(this.ctx.req)?.saved(true);
    };
  }
}

/** Reads a session from its cookie, as koa-session would, but without its events and without renewing the signature. */
function sessionInCookie({ ctx: { cookies }, opts: { key = '', signed, decode } = {} }: ContextSession): unknown {
  const cookie = cookies.get(key, { signed: false });
  if (cookie === undefined || !decode) return undefined;
  const { keys } = cookies as { keys?: { verify(text: string, signature: string): boolean } };
  const isGenuine = signed === false || keys?.verify(`${key}=${cookie}`, cookies.get(`${key}.sig`, { signed: false }) ?? '') === true;
  return isGenuine ? decode(cookie) : undefined;
}

const KEPT = '_session';

/**
 * Returns the session of koa-generic-session, which keeps it on the context beside its store. From then on, the application's contexts tell when it is loaded.
 *
 * @param context the Koa context
 */
function keptSession(context: Context): unknown {
  if (!Object.hasOwn(context, 'sessionStore') || !Object.hasOwn(context, KEPT)) return undefined;
  const { context: prototype } = context.app;
  if (!(KEPT in prototype)) {
    Object.defineProperty(prototype, KEPT, {
      configurable: true,
      get: () => undefined,
      set(this: Context, value: unknown) {
        Object.defineProperty(this, KEPT, { configurable: true, enumerable: true, writable: true, value });
        observationIn(this.req)?.sessionLoaded(() => value);
      },
    });
  }
  return (context as Context & { [KEPT]?: unknown })[KEPT];
}

function symbolIn(holder: object, descriptions: ReadonlySet<string>): symbol | undefined {
  return Object.getOwnPropertySymbols(holder).find(({ description }) => descriptions.has(description ?? ''));
}
