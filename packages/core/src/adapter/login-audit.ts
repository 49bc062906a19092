import { z } from 'zod';
import { ACTIONS, type AuditAction } from '../attempt/action.js';
import type { Extractors, OutcomeRule } from './extractors.js';
import { decideOutcome } from '../attempt/outcome.js';
import { pathMatcher } from '../attempt/pattern.js';
import { actionMatcher, parseRoute, pathOf } from '../attempt/routes.js';
import type { RequestAdapter } from './request-adapter.js';
import { type Auditor, createAuditor } from '../auditor/auditor.js';
import { AuditError } from '../errors.js';
import { type AuditorOptions, auditorSchema, parseOptions } from '../config/options.js';
import { observationOf } from './observation.js';
import type { Reader } from './build-attempt.js';

/** What an adapter takes: what to audit and how to read it, and, unless an auditor is given, everything that {@link createAuditor} takes. */
export interface AuditLoginOptions<Request = unknown> extends AuditorOptions, Extractors<Request> {
  /** An auditor that several adapters share. @default one of its own, made from the other options */
  auditor?: Auditor;
  /**
   * What to audit: `METHOD /path` or `/path` (POST), in the path notation of Express 5.
   * @default POST on a path that ends in login, log-in, signin, sign-in, session, sessions or authenticate
   */
  routes?: string[];
  /**
   * Other actions to audit, the first that matches counts: `{ match: 'POST /logout', action: 'user.logout' }`, in the notation of `routes`.
   * @default none
   */
  rules?: { match: string; action: AuditAction }[];
  /** What a redirect's target means, as path patterns; failure counts before challenge before success. */
  redirects?: {
    /** Targets that only somebody who was just logged in is sent to. */
    success?: string[];
    /** Targets of failed attempts. @default paths and queries that say error or fail, and login pages */
    failure?: string[];
    /** Targets that ask for a further factor. @default paths with mfa, 2fa, otp, totp, two-factor or challenge */
    challenge?: string[];
  };
  /**
   * Reads the outcome from the answer, where neither a marker, nor a session, nor a redirect decides: `({ responseBody }) => …`. Only with it is
   * the answer captured.
   * @default none
   */
  outcome?: OutcomeRule<Request>;
  /** The most bytes of an answer that are captured for `outcome`. @default 65536 */
  outcomeBodyLimit?: number;
  /** How long an extractor or `outcome` may take, in milliseconds. @default 1000 */
  extractorTimeout?: number;
}

const extractor = z.custom<never>((value) => typeof value === 'function', 'expected a function').optional();
const pathPattern = z.string().refine(
  compiles((path) => pathMatcher([path])),
  'expected a path pattern that begins with /',
);
const pathPatterns = z.array(pathPattern.startsWith('/')).default([]);

const route = z.string().refine(
  compiles((text) => pathMatcher([parseRoute(text).path])),
  'expected "METHOD /path" or "/path"',
);

const attemptShape = {
  auditor: z.custom<Auditor>((value) => isAuditor(value), 'expected what createAuditor() returns').optional(),
  routes: z.array(route).min(1).optional(),
  rules: z.array(z.strictObject({ match: route, action: z.enum(ACTIONS) })).default([]),
  redirects: z.strictObject({ success: pathPatterns, failure: pathPatterns, challenge: pathPatterns }).prefault({}),
  outcome: extractor,
  outcomeBodyLimit: z.number().int().min(1).max(1_048_576).default(65_536),
  extractorTimeout: z.number().int().min(1).max(60_000).default(1_000),
  actor: extractor,
  group: extractor,
  identity: extractor,
  method: extractor,
  factors: extractor,
};

/** All options of an adapter as the code reads them. */
export const auditLoginSchema = auditorSchema.extend(attemptShape);

/** The part of an adapter that is the same in every framework. */
export interface LoginAudit<Request> {
  readonly auditor: Auditor;
  /**
   * Takes a request. It is audited if the route is a login route or has a rule, if `always` is set, or if its handler marks it.
   *
   * @param source the exchange
   * @param always whether the adapter is mounted on this very route
   */
  attend(source: RequestAdapter<Request>, always: boolean): void;
}

const NEVER_LOGIN = new Set(['HEAD', 'OPTIONS']);

/**
 * Creates what an adapter needs from its options.
 *
 * @param options see {@link AuditLoginOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createLoginAudit<Request>(options: AuditLoginOptions<Request> = {}): LoginAudit<Request> {
  const settings = parseOptions(auditLoginSchema, options);
  const redirects = {
    success: pathMatcher(settings.redirects.success),
    failure: pathMatcher(settings.redirects.failure),
    challenge: pathMatcher(settings.redirects.challenge),
  };
  const reader: Reader<Request> = {
    auditor: auditorFor(options),
    decide: (attempt) => decideOutcome(attempt, redirects),
    outcome: options.outcome,
    outcomeBodyLimit: settings.outcomeBodyLimit,
    extractorTimeout: settings.extractorTimeout,
    actor: options.actor,
    group: options.group,
    identity: options.identity,
    method: options.method,
    factors: options.factors,
    extracts: [options.actor, options.group, options.identity, options.method, options.factors].some((one) => one !== undefined),
  };
  const actionOf = actionMatcher(settings.routes, settings.rules);

  return {
    auditor: reader.auditor,
    attend(source, always) {
      const path = pathOf(source.target);
      const method = source.incoming.method ?? '';
      const action = actionOf(method, path);
      observationOf(source, path, reader as Reader<unknown>).attend(action, action !== undefined || (always && !NEVER_LOGIN.has(method)));
    },
  };
}

function auditorFor<Request>(options: AuditLoginOptions<Request>): Auditor {
  const names = Object.keys(options);
  if (options.auditor === undefined) {
    return createAuditor(
      Object.fromEntries(names.filter((name) => name in auditorSchema.shape).map((name) => [name, options[name as keyof AuditorOptions]])),
    );
  }
  const misplaced = names.find((name) => name in auditorSchema.shape);
  if (misplaced === undefined) return options.auditor;
  throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "${misplaced}" belongs to createAuditor(), since an auditor is given.`, {
    field: misplaced,
  });
}

function isAuditor(value: unknown): value is Auditor {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Auditor>).record === 'function';
}

function compiles(compile: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      compile(text);
      return true;
    } catch {
      return false;
    }
  };
}
