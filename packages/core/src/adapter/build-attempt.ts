import { randomUUID } from 'node:crypto';
import type { AuditAction } from '../attempt/action.js';
import { accountOf } from '../attempt/account.js';
import type {
  AnswerFacts,
  Attempt,
  Ending,
  FoundBy,
  LibraryVerdict,
  Mark,
  RuleOutcome,
  SessionChange,
  SessionSnapshot,
} from '../attempt/attempt.js';
import { sessionGotOwner } from '../attempt/evidence/session.js';
import type { Outcome } from '../attempt/outcome.js';
import { LOOKS, pathOf, pathsOf, type RouteMatcher } from '../attempt/route-match.js';
import type { Auditor } from '../auditor/auditor.js';
import { readAnswerFacts } from './answer-reading.js';
import { extract, type AttemptView, type Extractors, type OutcomeRule } from './extractors.js';
import type { Impersonations } from './impersonations.js';
import { type LoginForm, readLoginForm } from './login-form.js';
import { readOutcomeRule } from './outcome-rule.js';
import type { RequestAdapter, RequestSnapshot, RouteSnapshot } from './request-adapter.js';
import { type BodyBytes, type BodyReading, readBody } from './response-body.js';
import { headerOf, type ResponseEnd } from './response-end.js';
import { shielded } from './shielded.js';

/** The compiled options of an adapter. */
export interface AuditReader<Request> extends Extractors<Request> {
  auditor: Auditor;
  matcher: RouteMatcher;
  impersonations: Impersonations;
  /** Decides the outcome of an attempt. */
  decide: (attempt: Attempt) => Outcome;
  sessionSnapshot: (session: unknown) => SessionSnapshot | undefined;
  outcome: OutcomeRule<Request> | undefined;
  /** The most bytes of a response that are captured; 0 captures none. */
  bodyLimit: number;
  /** Whether verdicts of Passport are recorded. */
  hearsPassport: boolean;
  /** Whether responses are searched for credentials and common shapes. */
  readAnswers: boolean;
  extractorTimeout: number;
  /** How long a handler is awaited after its client has disconnected, in milliseconds. */
  abortWait: number;
  /** The client's address by the `addressHeader` option; the framework's without it. */
  clientAddress: ((peer: string | undefined, headers: RequestAdapter<Request>['incoming']['headers']) => string | undefined) | undefined;
}

/** The observations of an exchange that is over. */
export interface ObservedExchange {
  startedAt: number;
  duration: number;
  ending: Ending;
  path: string;
  methods: readonly string[];
  routes: readonly RouteSnapshot[];
  /** Whether the adapter is mounted on this route. */
  isMounted: boolean;
  look: RequestSnapshot;
  form: LoginForm;
  /** The verdicts of libraries, in order. */
  verdicts: readonly LibraryVerdict[];
  session: SessionChange;
  userBefore: unknown;
  address: string | undefined;
  body: BodyBytes;
  end: ResponseEnd;
}

/** The results of the extractors. */
interface Extracted {
  actor?: Attempt['actor'];
  group?: Attempt['group'];
  identity?: string | undefined;
  method?: string | undefined;
  factors?: readonly string[] | undefined;
  originalActor?: Attempt['originalActor'];
  address?: string | undefined;
  rules?: readonly (RuleOutcome | 'skip')[] | undefined;
}

/** The longest response that is searched for credentials and shapes, in bytes. */
export const MAX_READ_ANSWER = 16_384;

/**
 * Makes the attempts of an exchange that is over: none, one, or one for each marker or outcome of a batch. All that request and session show is read
 * at once, since it may change later.
 *
 * @param adapter the exchange
 * @param exchange what was seen of it
 * @param marks what its markers said
 * @param reader how it is read
 * @returns undefined for no attempt; a promise if an answer is decoded or functions of the application are asked
 */
export function buildAttempts<Request>(
  adapter: RequestAdapter<Request>,
  exchange: ObservedExchange,
  marks: readonly (Mark | 'skip')[],
  reader: AuditReader<Request>,
): readonly Attempt[] | Promise<readonly Attempt[]> | undefined {
  const found = findAttempt(exchange, marks, adapter.target, reader);
  if (!found) {
    if (looksLikeLogin(exchange)) cover(exchange, adapter.target, reader, false);
    return undefined;
  }
  const spoken = marks.filter((mark) => mark !== 'skip');
  if (marks.length > 0 && spoken.length === 0) return undefined;
  const base = baseOf(adapter, exchange, found, reader);
  const finish = (reading: BodyReading, extracted: Extracted): readonly Attempt[] => {
    const attempts = attemptsOf(base, exchange, extracted, spoken, reading, adapter, reader);
    for (const attempt of attempts) reader.impersonations.follow(attempt);
    if (attempts.length > 0) cover(exchange, adapter.target, reader, true);
    return attempts;
  };
  const mustRead = exchange.body !== undefined && (reader.readAnswers || reader.outcome !== undefined);
  const extracts = hasExtractors(reader);
  if (!mustRead && !extracts && !reader.outcome) return finish(NOTHING_READ, {});
  return readAndExtract(adapter, exchange, spoken.length > 0, reader).then(({ reading, extracted }) => finish(reading, extracted));
}

const NOTHING_READ: BodyReading = { state: 'none' };

function hasExtractors<Request>({ actor, group, identity, method, factors, originalActor, address }: AuditReader<Request>): boolean {
  return [actor, group, identity, method, factors, originalActor, address].some((one) => one !== undefined);
}

/** Decides whether an exchange is an attempt, and what made it one. */
function findAttempt<Request>(
  exchange: ObservedExchange,
  marks: readonly unknown[],
  target: string,
  { matcher }: AuditReader<Request>,
): { action: AuditAction; foundBy: FoundBy } | undefined {
  const { ending, form, methods, routes, isMounted, look } = exchange;
  const isByRoute = !look.isUnhandled && !isPreflight(methods) && !isSlashRedirect(ending, exchange.path);
  const action =
    isByRoute || marks.length > 0
      ? matcher.actionOf({
          methods,
          paths: pathsOf(target, routes),
          carriesCredential: form.carriesCredential,
          hasGrant: form.hasGrant,
        })
      : undefined;
  if (action !== undefined && ending.status !== 405) return { action, foundBy: 'route' };
  if (isMounted && isByRoute && !methods.every((method) => method === 'HEAD')) return { action: 'user.login', foundBy: 'route' };
  if (marks.length > 0) return { action: 'user.login', foundBy: 'marker' };
  const effect = verdictOf(exchange, 'effect') ? 'user.login' : effectOf(exchange);
  return effect && { action: effect, foundBy: 'effect' };
}

/** Returns the last verdict that counts on this route. */
function verdictOf({ verdicts }: ObservedExchange, foundBy: FoundBy): LibraryVerdict | undefined {
  return verdicts.findLast(({ onLoginRoute }) => onLoginRoute === undefined || foundBy === 'route');
}

/** Determines the action from the session on a route that is not configured: it got an owner, or an impersonation began or ended. */
function effectOf({ session, form }: ObservedExchange): AuditAction | undefined {
  const { before, after, isSaved } = session;
  if (after?.owner === undefined || isSaved === false || before === 'unseen') return undefined;
  if (!sessionGotOwner({ session, form, credentials: { cookie: true, header: false } })) return undefined;
  if (after.originalActor !== undefined) return before?.originalActor === undefined ? 'user.impersonate.start' : undefined;
  return before?.originalActor === undefined ? 'user.login' : 'user.impersonate.stop';
}

/** Whether a request sends a password to a route that is not audited. */
function looksLikeLogin({ look, methods, ending, routes, form }: ObservedExchange): boolean {
  if (!form.hasPassword || look.isUnhandled || methods.every((method) => LOOKS.has(method))) return false;
  return ending.status !== 405 && (ending.status !== 404 || routes.length > 0);
}

function cover<Request>(
  { look, methods, routes }: ObservedExchange,
  target: string,
  { auditor }: AuditReader<Request>,
  isAudited: boolean,
): void {
  auditor.cover(look.method || (methods[0] ?? ''), routes.at(-1)?.pattern ?? pathOf(target), isAudited);
}

function isPreflight(methods: readonly string[]): boolean {
  return methods.includes('OPTIONS');
}

/** Whether a redirect only adds or removes the trailing slash, which routers do. */
function isSlashRedirect({ status = 0, location = '' }: Ending, path: string): boolean {
  if (status < 300 || status >= 400 || location === '') return false;
  const target = pathOf(location);
  return target !== path && target.replace(/\/+$/, '') === path.replace(/\/+$/, '');
}

function baseOf<Request>(
  adapter: RequestAdapter<Request>,
  exchange: ObservedExchange,
  { action, foundBy }: { action: AuditAction; foundBy: FoundBy },
  { auditor, impersonations }: AuditReader<Request>,
): Attempt {
  const { incoming } = adapter;
  const { headers } = incoming;
  const { look, session, form } = exchange;
  const verdict = verdictOf(exchange, foundBy);
  const ask = <T>(otherwise: T, read: () => T): T => shielded(auditor.problem, otherwise, read);
  const userBefore = ask(undefined, () => accountOf(exchange.userBefore));
  const user = ask(undefined, () => accountOf(look.user));
  const before = session.before === 'unseen' ? undefined : session.before;
  const isRefresh = form.isRefresh && action === 'user.login';
  const attempt: Attempt = {
    action: isRefresh ? 'user.session.refresh' : action,
    foundBy,
    startedAt: exchange.startedAt,
    duration: exchange.duration,
    ending: exchange.ending,
    path: exchange.path,
    target: adapter.target,
    session,
    userAppeared: user !== undefined && userBefore === undefined,
    credentials: credentialsOf(headers),
    answer: {},
    form,
  };
  const route = exchange.routes.at(-1)?.pattern;
  if (route !== undefined) attempt.route = route;
  if (verdict) attempt.verdict = verdict;
  if (userBefore) attempt.userBefore = userBefore;
  if (user) attempt.user = user;
  const method = verdict?.method ?? (form.hasPassword ? 'password' : undefined);
  if (method !== undefined) attempt.method = method;
  const sessionId = action === 'user.logout' ? (before?.id ?? session.after?.id) : (session.after?.id ?? before?.id);
  if (sessionId !== undefined) attempt.sessionId = sessionId;
  const originalActor = session.after?.originalActor ?? before?.originalActor ?? impersonations.of(before?.id ?? sessionId);
  if (originalActor !== undefined) attempt.originalActor = originalActor;
  if (exchange.address !== undefined) attempt.address = exchange.address;
  const userAgent = headerOf(headers, 'user-agent');
  if (userAgent !== undefined) attempt.userAgent = userAgent;
  const requestId = look.requestId ?? headerOf(headers, 'x-request-id');
  if (requestId !== undefined) attempt.requestId = requestId;
  const traceparent = headerOf(headers, 'traceparent');
  if (traceparent !== undefined) attempt.traceparent = traceparent;
  return attempt;
}

const KEY_HEADERS = ['x-auth-token', 'x-api-key', 'api-key', 'apikey', 'x-access-token'];

function credentialsOf(headers: Record<string, unknown>): Attempt['credentials'] {
  const { authorization } = headers;
  const scheme = typeof authorization === 'string' ? /^\s*([\w-]+)/.exec(authorization)?.[1]?.toLowerCase() : undefined;
  return {
    cookie: headers['cookie'] !== undefined,
    header: KEY_HEADERS.some((name) => headers[name] !== undefined),
    ...(scheme !== undefined && { authorization: scheme }),
  };
}

async function readAndExtract<Request>(
  adapter: RequestAdapter<Request>,
  exchange: ObservedExchange,
  isMarked: boolean,
  reader: AuditReader<Request>,
): Promise<{ reading: BodyReading; extracted: Extracted }> {
  const { end, look, ending } = exchange;
  const headers = { contentType: end.header('content-type'), contentEncoding: end.header('content-encoding') };
  const reading = await readBody(exchange.body, headers, reader.bodyLimit);
  const view: AttemptView<Request> = {
    request: adapter.request,
    method: look.method || (exchange.methods[0] ?? ''),
    path: exchange.routes.at(-1)?.matched ?? exchange.path,
    params: exchange.routes.at(-1)?.params ?? {},
    headers: adapter.incoming.headers,
    body: look.body,
    user: look.user,
    session: look.session,
    status: ending.status,
    responseBody: reading.state === 'read' ? reading.value : undefined,
  };
  const run = <T>(
    name: string,
    extractor: ((view: AttemptView<Request>) => T | null | undefined | Promise<T | null | undefined>) | undefined,
  ): Promise<T | undefined> => extract(name, extractor, view, reader.extractorTimeout, reader.auditor.problem);
  const [actor, group, identity, method, factors, originalActor, address, rules] = await Promise.all([
    run('actor', reader.actor),
    run('group', reader.group),
    run('identity', reader.identity),
    run('method', reader.method),
    run('factors', reader.factors),
    run('originalActor', reader.originalActor),
    run('address', reader.address),
    isMarked ? undefined : rulesOf(reader, view, reading),
  ]);
  return { reading, extracted: { actor, group, identity, method, factors, originalActor, address, rules } };
}

/** Asks the `outcome` option. What cannot be read proves nothing: then only a failure, a challenge or `skip` is heard, and a rule that fails says `unknown`. */
async function rulesOf<Request>(
  reader: AuditReader<Request>,
  view: AttemptView<Request>,
  reading: BodyReading,
): Promise<readonly (RuleOutcome | 'skip')[] | undefined> {
  const { outcome } = reader;
  if (!outcome) return undefined;
  let isFailed = true;
  const said = await extract(
    'outcome',
    async (one: AttemptView<Request>) => {
      const answer = await outcome(one);
      const rules = answer === undefined || answer === null ? [] : readOutcomeRule(answer);
      isFailed = false;
      return rules;
    },
    view,
    reader.extractorTimeout,
    reader.auditor.problem,
  );
  if (isFailed) return [{ outcome: 'unknown' }];
  if (said === undefined || said.length === 0) return undefined;
  const isBatch = reading.state === 'read' && Array.isArray(reading.value) && reading.value.length > 1;
  const isUnproven = reading.state === 'unreadable' || (isBatch && said.length === 1);
  return isUnproven ? said.map((one) => (one !== 'skip' && one.outcome === 'success' ? { outcome: 'unknown' as const } : one)) : said;
}

function attemptsOf<Request>(
  base: Attempt,
  exchange: ObservedExchange,
  extracted: Extracted,
  marks: readonly Mark[],
  reading: BodyReading,
  adapter: RequestAdapter<Request>,
  reader: AuditReader<Request>,
): readonly Attempt[] {
  const rules = extracted.rules?.filter((one) => one !== 'skip');
  if (rules?.length === 0) return [];
  const attempt = withExtracted(base, exchange, extracted);
  attempt.answer = answerFacts(exchange, reading, adapter, reader);
  if (attempt.foundBy === 'effect' && exchange.form.isRefresh) attempt.action = 'user.session.refresh';
  const said: ({ mark: Mark } | { rule: RuleOutcome })[] =
    marks.length > 0 ? marks.map((mark) => ({ mark })) : (rules ?? []).map((rule) => ({ rule }));
  if (said.length === 0) return [attempt];
  if (said.length === 1) return [Object.assign(attempt, said[0])];
  attempt.requestId ??= randomUUID();
  return said.map((one, index) => ({ ...attempt, ...one, number: index + 1 }));
}

function withExtracted(base: Attempt, { look }: ObservedExchange, extracted: Extracted): Attempt {
  const attempt: Attempt = { ...base };
  const { actor, group, identity, method, factors, originalActor, address } = extracted;
  if (actor !== undefined) attempt.actor = actor;
  if (group !== undefined) attempt.group = group;
  if (typeof identity === 'string') attempt.form = readLoginForm(look.body, identity);
  if (typeof method === 'string') attempt.method = method;
  if (Array.isArray(factors)) attempt.factors = factors;
  if (originalActor !== undefined) attempt.originalActor = originalActor;
  if (typeof address === 'string') attempt.address = address;
  return attempt;
}

function answerFacts<Request>(
  { ending, end, form, body, look }: ObservedExchange,
  reading: BodyReading,
  adapter: RequestAdapter<Request>,
  { readAnswers, auditor }: AuditReader<Request>,
): AnswerFacts {
  // What never left was given to nobody.
  if (ending.status === undefined || (ending.kind === 'aborted' && !adapter.outgoing.headersSent)) return {};
  const json =
    readAnswers && reading.state === 'read' && reading.isJson && (body?.length ?? 0) <= MAX_READ_ANSWER ? reading.value : undefined;
  return shielded(auditor.problem, {}, () => readAnswerFacts({ json, end, headers: adapter.incoming.headers, body: look.body, form }));
}
