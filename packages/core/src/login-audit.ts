import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ACTIONS, type AuditAction } from './attempt/action.js';
import type { Attempt, Ending, Mark, RuledOutcome, SessionSight } from './attempt/attempt.js';
import { type BodyHeaders, captureBody, type CapturedResponse, readBody } from './attempt/capture.js';
import { extract, type AttemptView, type Extractors, type OutcomeRule } from './attempt/extract.js';
import { accountOf, tenantOf } from './attempt/identity.js';
import { type HeldResponse, holdAnswer } from './attempt/hold.js';
import { createMarker, type Marker, silentMarker } from './attempt/marker.js';
import { headerOf, observeEnding, type ObservedEnding, type ObservedResponse } from './attempt/observe.js';
import { decideOutcome, type RedirectRules } from './attempt/outcome.js';
import { pathMatcher } from './attempt/pattern.js';
import { actionMatcher, parseRoute, pathOf } from './attempt/routes.js';
import { readRuling } from './attempt/ruled.js';
import { ownerOf, sightOf } from './attempt/session.js';
import { typedIn } from './attempt/typed.js';
import { type Auditor, createAuditor } from './auditor.js';
import { AuditError } from './errors.js';
import { type AuditorOptions, auditorSchema, parseOptions } from './options.js';

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

/** What an adapter shows of the end of an exchange. */
export interface Look {
  user: unknown;
  session: unknown;
  body: unknown;
  /** Whether a handler of the application took the request: without one, 404 is no attempt. */
  routed: boolean;
  /** The pattern of the route that answered. */
  route?: string | undefined;
  requestId?: string | undefined;
}

/** An exchange, as an adapter hands it over. */
export interface AttemptSource<Request> {
  /** The framework's own request. */
  request: Request;
  incoming: IncomingMessage;
  outgoing: ObservedResponse & CapturedResponse & HeldResponse;
  /** The request target as it came. */
  target: string;
  /** The client's address by the framework's trust setting; asked at once, since some frameworks forget it when a client aborts. */
  address(): string | undefined;
  /** The framework's user now. */
  user(): unknown;
  /**
   * Looks at the session before any handler can change it, now or when it is put on the request.
   *
   * @returns tells at the end what was there
   */
  watchSession(): () => SessionSight | 'unseen' | undefined;
  /** What there is to see at the end. */
  look(): Look;
  /** Ends a session whose login could not be recorded. */
  endSession(): void;
}

/** The part of an adapter that is the same in every framework. */
export interface LoginAudit<Request> {
  readonly auditor: Auditor;
  /**
   * Takes a request. It is audited if the route is a login route or has a rule, if `always` is set, or if its handler marks it.
   *
   * @param source the exchange
   * @param always whether the adapter is mounted on this very route
   */
  attend(source: AttemptSource<Request>, always: boolean): void;
}

interface Observation {
  marker: Marker;
  /** The innermost mount decides how the attempt is read. */
  reader: Reader<unknown>;
  action: AuditAction;
  listen(): void;
  abort(): void;
}

interface Reader<Request> extends Extractors<Request> {
  auditor: Auditor;
  /** Whether there is any extractor. */
  extracts: boolean;
  redirects: RedirectRules;
  outcome: OutcomeRule<Request> | undefined;
  outcomeBodyLimit: number;
  extractorTimeout: number;
}

/** On the request itself: a weak map of all requests costs the garbage collector more than all else here. */
const OBSERVATION = Symbol('auditlogin.observation');
type Attended = IncomingMessage & { [OBSERVATION]?: Observation };
const NEVER_LOGIN = new Set(['HEAD', 'OPTIONS']);

/**
 * The marker of a request.
 *
 * @param incoming the request of node:http
 * @returns a marker that keeps nothing, if no adapter has seen the request
 */
export function markerOf(incoming: IncomingMessage): Marker {
  return (incoming as Attended)[OBSERVATION]?.marker ?? silentMarker;
}

/**
 * Tells that the client of a request has hung up, for frameworks that notice it before the connection is closed.
 *
 * @param incoming the request of node:http
 */
export function abortedBy(incoming: IncomingMessage): void {
  (incoming as Attended)[OBSERVATION]?.abort();
}

/**
 * Creates what an adapter needs from its options.
 *
 * @param options see {@link AuditLoginOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createLoginAudit<Request>(options: AuditLoginOptions<Request> = {}): LoginAudit<Request> {
  const settings = parseOptions(auditLoginSchema, options);
  const reader: Reader<Request> = {
    auditor: auditorFor(options),
    redirects: {
      success: pathMatcher(settings.redirects.success),
      failure: pathMatcher(settings.redirects.failure),
      challenge: pathMatcher(settings.redirects.challenge),
    },
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
      const observation = (source.incoming as Attended)[OBSERVATION] ?? observe(source, path);
      observation.reader = reader as Reader<unknown>;
      const action = actionOf(method, path);
      if (action) observation.action = action;
      if (action || (always && !NEVER_LOGIN.has(method))) observation.listen();
    },
  };

  function observe(source: AttemptSource<Request>, path: string): Observation {
    const startedAt = Date.now();
    const startedTick = performance.now();
    let mark: Mark | 'skip' | undefined;
    let captured: (() => Buffer | undefined) | undefined;
    let isListening = false;

    const observation: Observation = {
      marker: createMarker((said) => {
        mark = said;
        observation.listen();
      }),
      reader: reader as Reader<unknown>,
      action: 'user.login',
      abort: () => undefined,
      listen() {
        if (isListening) return;
        isListening = true;
        const { auditor, outcome, outcomeBodyLimit } = observation.reader;
        const { problem } = auditor;
        const address = shielded(problem, undefined, () => source.address());
        const userBefore = shielded(problem, undefined, () => source.user());
        const sessionBefore = shielded(
          problem,
          () => 'unseen' as const,
          () => source.watchSession(),
        );
        let recorded: Promise<boolean> = Promise.resolve(true);
        const observed = observeEnding(source.outgoing, (seenEnding) => {
          recorded = ended(seenEnding, { address, userBefore, sessionBefore: sessionBefore() });
        });
        observation.abort = observed.aborted;
        if (auditor.durability === 'before-response') {
          holdAnswer(source.outgoing, observed.noteHead, async () => {
            observed.answering();
            const mayGo = await recorded;
            if (!mayGo) shielded(problem, undefined, () => source.endSession());
            return mayGo;
          });
        }
        if (outcome) captured = captureBody(source.outgoing, outcomeBodyLimit);
      },
    };

    function ended({ ending, headers }: ObservedEnding, before: Pick<Seen, 'address' | 'userBefore' | 'sessionBefore'>): Promise<boolean> {
      const { reader: innermost, action } = observation as Observation & { reader: Reader<Request> };
      const look = shielded(innermost.auditor.problem, NOTHING_SEEN, () => source.look());
      if (mark === 'skip' || (mark === undefined && isNoAttempt(ending, look))) return Promise.resolve(true);
      const seen: Seen = {
        startedAt,
        path,
        ending,
        mark,
        action,
        address: before.address,
        userBefore: before.userBefore,
        sessionBefore: before.sessionBefore,
        duration: performance.now() - startedTick,
        answer: innermost.outcome && { bytes: captured?.(), headers },
      };
      return innermost.auditor.record(readAttempt(source, look, seen, innermost), (attempt) => decideOutcome(attempt, innermost.redirects));
    }
    (source.incoming as Attended)[OBSERVATION] = observation;
    return observation;
  }
}

/** A request that cannot be looked at is still an attempt. */
const NOTHING_SEEN: Look = { user: undefined, session: undefined, body: undefined, routed: true };

/** The application's getters run in our listeners, where an error would end the process: it costs the event that part instead. */
function shielded<T>(problem: (error: AuditError) => void, otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    problem(new AuditError('ERR_AUDIT_EXTRACTOR', `Looking at a request threw (${kind}); its event lacks what would have been seen.`));
    return otherwise;
  }
}

interface Seen {
  action: AuditAction;
  startedAt: number;
  duration: number;
  path: string;
  ending: Ending;
  mark: Mark | undefined;
  address: string | undefined;
  userBefore: unknown;
  sessionBefore: SessionSight | 'unseen' | undefined;
  answer: { bytes: Buffer | undefined; headers: BodyHeaders } | undefined;
}

function isNoAttempt(ending: Ending, look: Look): boolean {
  return ending.kind === 'answered' && ending.status === 404 && !look.routed;
}

/** What the application's own functions say of an attempt. */
interface Extracted {
  actor?: Attempt['actor'];
  group?: Attempt['group'];
  identity?: string | undefined;
  method?: string | undefined;
  factors?: readonly string[] | undefined;
  ruled?: RuledOutcome | 'skip' | undefined;
}

const NOTHING_EXTRACTED: Extracted = {};

/** Reads all that request and session show, at once: after an await they may have changed. */
function readAttempt<Request>(
  source: AttemptSource<Request>,
  look: Look,
  seen: Seen,
  reader: Reader<Request>,
): Attempt | Promise<Attempt | undefined> {
  const { incoming } = source;
  const { userBefore, sessionBefore, ending, answer, action } = seen;
  const { problem } = reader.auditor;
  const owner = ownerOf(look.session);
  const sight = sightOf(look.session);
  const sightBefore = sessionBefore === 'unseen' ? undefined : sessionBefore;
  const signs = {
    before: sessionBefore,
    after: sight,
    userAppeared: isPresent(look.user) && !isPresent(userBefore),
  };
  const account = shielded(problem, undefined, () => accountOf(userBefore) ?? sightBefore?.owner);
  const user = shielded(problem, undefined, () => accountOf(look.user) ?? accountOf(owner));
  const userGroup = shielded(problem, undefined, () => tenantOf(look.user) ?? tenantOf(owner) ?? tenantOf(userBefore));
  const fallback = typedIn(look.body);

  const attemptWith = ({ actor, group, identity, method, factors, ruled }: Extracted): Attempt | undefined => {
    if (ruled === 'skip') return undefined;
    const typed = identity === undefined ? fallback : typedIn(look.body, String(identity));
    return {
      startedAt: seen.startedAt,
      duration: seen.duration,
      path: seen.path,
      mark: seen.mark,
      address: seen.address,
      ending,
      action: typed.isRefresh && action === 'user.login' ? 'user.session.refresh' : action,
      route: look.route,
      signs,
      cameWithCookie: incoming.headers.cookie !== undefined,
      cameWithBearer: /^bearer\s/i.test(incoming.headers.authorization?.slice(0, 16) ?? ''),
      userBefore: account,
      user,
      userGroup,
      actor,
      group,
      identity: typed.identity,
      identityIsPassword: typed.identityIsPassword,
      method: method ?? (typed.hasPassword ? 'password' : undefined),
      factors,
      ruled,
      sessionId: action === 'user.logout' ? (sightBefore?.id ?? sight?.id) : (sight?.id ?? sightBefore?.id),
      userAgent: headerOf(incoming, 'user-agent'),
      requestId: look.requestId ?? headerOf(incoming, 'x-request-id'),
      traceparent: headerOf(incoming, 'traceparent'),
    };
  };

  const rule = reader.outcome && answer && seen.mark === undefined ? ruling(reader.outcome, answer, reader.outcomeBodyLimit) : undefined;
  if (!reader.extracts && !rule) return attemptWith(NOTHING_EXTRACTED)!;
  const view: AttemptView<Request> = {
    request: source.request,
    method: incoming.method ?? '',
    path: seen.path,
    headers: incoming.headers,
    body: look.body,
    user: look.user,
    session: look.session,
    status: ending.kind === 'answered' ? ending.status : undefined,
  };
  return extractAll(reader, view, rule).then(attemptWith);
}

async function extractAll<Request>(
  reader: Reader<Request>,
  view: AttemptView<Request>,
  rule: ((view: AttemptView<Request>) => Promise<RuledOutcome | 'skip' | undefined>) | undefined,
): Promise<Extracted> {
  const run = <T>(
    name: string,
    extractor: ((view: AttemptView<Request>) => T | null | undefined | Promise<T | null | undefined>) | undefined,
  ): Promise<T | undefined> => extract(name, extractor, view, reader.extractorTimeout, reader.auditor.problem);
  const [actor, group, identity, method, factors, ruled] = await Promise.all([
    run('actor', reader.actor),
    run('group', reader.group),
    run('identity', reader.identity),
    run('method', reader.method),
    run('factors', reader.factors),
    run('outcome', rule),
  ]);
  return { actor, group, identity, method, factors, ruled };
}

function ruling<Request>(read: OutcomeRule<Request>, { bytes, headers }: NonNullable<Seen['answer']>, limit: number) {
  return async (view: AttemptView<Request>): Promise<RuledOutcome | 'skip' | undefined> => {
    const responseBody = await readBody(bytes, headers, limit);
    const said = await read({ ...view, responseBody });
    return said === undefined || said === null ? undefined : readRuling(said);
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

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
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
