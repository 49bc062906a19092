import * as v from 'valibot';
import { ACTIONS, type AuditAction } from '../attempt/action.js';
import type { Attempt } from '../attempt/attempt.js';
import { decideOutcome, type Outcome } from '../attempt/outcome.js';
import { pathMatcher } from '../attempt/pattern.js';
import { type PresetName, PRESETS } from '../attempt/presets.js';
import { redirectRules } from '../attempt/redirects.js';
import { parseRoute, type RouteCover, routeMatcher } from '../attempt/route-match.js';
import { type Auditor, createAuditor } from '../auditor/auditor.js';
import * as option from '../config/option-types.js';
import { auditorEntries, type AuditorOptions } from '../config/options.js';
import { parseOptions } from '../config/parse-options.js';
import { AuditError } from '../errors.js';
import type { AuditReader } from './audit-reader.js';
import { MAX_READ_ANSWER } from './build-attempt.js';
import { clientAddress } from './client-address.js';
import type { Extractors, OutcomeRule } from './extractors.js';
import { createImpersonations } from './impersonations.js';
import type { Observation } from './observation.js';
import { observe } from './observed-request.js';
import { passportSearch } from './passport.js';
import type { RequestAdapter } from './request-adapter.js';
import { sessionSnapshot } from './session-snapshot.js';
import { expectUnobservedMarks } from './unobserved-mark.js';

/** What an adapter takes: what to audit and how to read it, and, unless an auditor is given, everything that {@link createAuditor} takes. */
export interface AuditLoginOptions<Request = unknown> extends AuditorOptions, Extractors<Request> {
  /** An auditor that several adapters share. @default one of its own, made from the other options */
  auditor?: Auditor;
  /** The routes of a stack by its name, beside `routes` and `rules`: `better-auth`, `authjs`, `strapi`, … @default none */
  preset?: PresetName;
  /**
   * Login routes: `METHOD /path` or `/path` (POST), in the path notation of Express 5. The route that ran is compared, not the spelling of the URL.
   * @default the login routes of the stacks that people use
   */
  routes?: string[];
  /**
   * Routes of other actions; the first that matches counts: `{ match: 'POST /logout', action: 'user.logout' }`, in the notation of `routes`.
   * @default none
   */
  rules?: { match: string; action: AuditAction }[];
  /** Outcomes by the target of a redirect, as path patterns. Failure is tried first, then challenge, then success. */
  redirects?: {
    /** Targets to which the application redirects only after a login. */
    success?: string[];
    /** Targets of failed attempts. @default the login page, and targets with an error parameter that the request did not bring */
    failure?: string[];
    /** Targets that request a further factor. @default paths whose last word is mfa, 2fa, otp, totp, two-factor or challenge */
    challenge?: string[];
  };
  /**
   * Reads the outcome from the response: `({ responseBody }) => …`. Only a marker outranks it. It may return `{ outcome, reason, actor, group, identity,
   * method, factors, action }`, `unknown`, `skip`, or a list of these, one for each attempt.
   * @default none
   */
  outcome?: OutcomeRule<Request>;
  /** The most bytes of a response body that are captured for `outcome` and extractors. @default 65536 */
  outcomeBodyLimit?: number;
  /** Whether JSON responses to attempts, up to 16 KiB, are searched for tokens and common shapes. Nothing of them is stored. @default true */
  readAnswers?: boolean;
  /** The key of the session that holds the account, with dots for nested keys. @default passport, userId, user, … */
  owner?: string;
  /** The header with the client's address, e.g. `CF-Connecting-IP`. It is used only if one of `trustedProxies` sent it. @default the framework's own trust setting */
  addressHeader?: string;
  /** Addresses and ranges of the proxies that may set `addressHeader`: `10.0.0.0/8`, `loopback`, … @default none */
  trustedProxies?: string[];
  /** How long the audit waits for the handler after the client has disconnected, in milliseconds. @default 30000 */
  abortWait?: number;
  /** How long an extractor or `outcome` may take, in milliseconds. @default 1000 */
  extractorTimeout?: number;
  /** Whether verdicts of Passport are recorded, if the application uses it. @default true */
  passport?: boolean;
}

const extractor = option.callback<never>();
const pathPatterns = v.optional(
  option.list(option.textThat((path) => path.startsWith('/') && compiles(() => pathMatcher([path])), 'a path pattern that begins with /')),
  [],
);
const route = option.textThat((text) => compiles(() => pathMatcher([parseRoute(text).path])), '"METHOD /path" or "/path"');

const attemptEntries = {
  auditor: v.optional(option.instance(isAuditor, 'what createAuditor() returns')),
  preset: v.optional(option.oneOf(Object.keys(PRESETS) as PresetName[])),
  routes: v.optional(option.list(route, 1)),
  rules: v.optional(option.list(option.object({ match: route, action: option.oneOf(ACTIONS) })), []),
  redirects: option.group({ success: pathPatterns, failure: pathPatterns, challenge: pathPatterns }),
  outcome: extractor,
  outcomeBodyLimit: v.optional(option.integer(1, 1_048_576), 65_536),
  readAnswers: v.optional(option.flag(), true),
  owner: v.optional(option.text()),
  addressHeader: v.optional(option.text()),
  trustedProxies: v.optional(option.list(option.text()), []),
  abortWait: v.optional(option.integer(0, 600_000), 30_000),
  extractorTimeout: v.optional(option.integer(1, 60_000), 1_000),
  passport: v.optional(option.flag(), true),
  actor: extractor,
  group: extractor,
  identity: extractor,
  method: extractor,
  factors: extractor,
  originalActor: extractor,
  address: extractor,
};

/** All options of an adapter as the code reads them. */
export const auditLoginSchema = option.object({ ...auditorEntries, ...attemptEntries });

/** The part of an adapter that is the same in every framework. */
export interface LoginAudit<Request> {
  readonly auditor: Auditor;
  /**
   * Takes a request: it is watched until its end, and audited if its route is a login route or has a rule, if `isAttempt` is set, if its handler marks it,
   * or if it lets somebody in.
   *
   * @param adapter the exchange
   * @param isAttempt whether the adapter is mounted on this very route
   */
  attend(adapter: RequestAdapter<Request>, isAttempt: boolean): Observation | undefined;
  /** What is audited of a route: see {@link RouteCovers}. */
  readonly covers: RouteCovers;
}

/**
 * Says what is audited of a route, by its path alone: `auditlogin doctor --app` asks each route of an application. What else becomes an attempt (a marker, a
 * session that gets an owner, Passport) shows when requests come.
 *
 * @param method of the route, e.g. `POST`
 * @param pattern of the route, with the path where its router is mounted, e.g. `/api/v1/login`
 * @returns undefined if none of its requests is an attempt by the route
 */
export type RouteCovers = (method: string, pattern: string) => RouteCover | undefined;

/**
 * Creates what an adapter needs from its options.
 *
 * @param options see {@link AuditLoginOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createLoginAudit<Request>(options: AuditLoginOptions<Request> = {}): LoginAudit<Request> {
  const settings = parseOptions(auditLoginSchema, options);
  const redirects = redirectRules(settings.redirects);
  const auditor = auditorFor(options);
  if (!auditor.isEnabled) expectUnobservedMarks();
  const preset = settings.preset === undefined ? undefined : PRESETS[settings.preset];
  const matcher = routeMatcher(settings.routes, [...settings.rules, ...(preset?.rules ?? []), ...loginRules(preset?.routes)]);
  const { outcome, actor, group, identity, method, factors, originalActor, address } = options;
  const reader: AuditReader<Request> = {
    auditor,
    matcher,
    impersonations: createImpersonations(),
    decide: (attempt) => advised(auditor, attempt, decideOutcome(attempt, redirects)),
    sessionSnapshot: (session) => sessionSnapshot(session, settings.owner),
    bodyLimit: bodyLimitOf(settings, outcome !== undefined),
    readAnswers: settings.readAnswers,
    passport: settings.passport ? passportSearch : undefined,
    extractorTimeout: settings.extractorTimeout,
    abortWait: settings.abortWait,
    clientAddress: clientAddressOf(settings),
    outcome,
    actor,
    group,
    identity,
    method,
    factors,
    originalActor,
    address,
  };

  return {
    auditor,
    covers: matcher.coverOf,
    attend: (adapter, isAttempt) => (auditor.isEnabled ? observe(adapter, reader as AuditReader<unknown>, isAttempt) : undefined),
  };
}

function bodyLimitOf({ readAnswers, outcomeBodyLimit }: { readAnswers: boolean; outcomeBodyLimit: number }, hasRule: boolean): number {
  if (hasRule) return outcomeBodyLimit;
  return readAnswers ? MAX_READ_ANSWER : 0;
}

function loginRules(routes: readonly string[] = []): { match: string; action: AuditAction }[] {
  return routes.map((match) => ({ match, action: 'user.login' }));
}

function clientAddressOf({
  addressHeader,
  trustedProxies,
}: {
  addressHeader?: string | undefined;
  trustedProxies: readonly string[];
}): AuditReader<unknown>['clientAddress'] {
  if (addressHeader === undefined) return undefined;
  return (peer, headers) => clientAddress(peer, headers, { addressHeader, trustedProxies });
}

/** Where nothing but a status speaks, somebody is told once a route how to tell us more. */
function advised(auditor: Auditor, attempt: Attempt, outcome: Outcome): Outcome {
  if (outcome.outcome === 'unknown' && outcome.evidence[0] === 'status' && outcome.evidence.length === 1) {
    const route = attempt.route ?? attempt.path.slice(0, 128);
    auditor.advise(
      `unproven ${route}`,
      `Nothing proves how the attempts on ${JSON.stringify(route)} come out, so they are recorded as "unknown": mark them (mark(req).success()), or give the option "outcome" or "redirects".`,
    );
  }
  return outcome;
}

function auditorFor<Request>(options: AuditLoginOptions<Request>): Auditor {
  const names = Object.keys(options);
  if (options.auditor === undefined) {
    return createAuditor(
      Object.fromEntries(names.filter((name) => name in auditorEntries).map((name) => [name, options[name as keyof AuditorOptions]])),
    );
  }
  const misplaced = names.find((name) => name in auditorEntries);
  if (misplaced === undefined) return options.auditor;
  throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "${misplaced}" belongs to createAuditor(), since an auditor is given.`, {
    field: misplaced,
  });
}

function isAuditor(value: unknown): value is Auditor {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Auditor>).record === 'function';
}

function compiles(compile: () => unknown): boolean {
  try {
    compile();
    return true;
  } catch {
    return false;
  }
}
