import type { Attempt, Ending, Mark, RuleOutcome, SessionSnapshot } from '../attempt/attempt.js';
import type { AuditAction } from '../attempt/action.js';
import { type BodyHeaders, readBody } from './response-body.js';
import { extract, type AttemptView, type Extractors, type OutcomeRule } from './extractors.js';
import { accountOf, tenantOf } from '../attempt/identity.js';
import { headerOf } from './response-end.js';
import type { Outcome } from '../attempt/outcome.js';
import { readOutcomeRule } from './outcome-rule.js';
import { ownerOf, sessionSnapshot } from './session-snapshot.js';
import { readLoginForm } from './login-form.js';
import { type RequestAdapter, type RequestSnapshot, shielded } from './request-adapter.js';
import type { Auditor } from '../auditor/auditor.js';

/** How attempts are read: what an adapter's options say, made ready. */
export interface Reader<Request> extends Extractors<Request> {
  auditor: Auditor;
  /** Whether there is any extractor. */
  extracts: boolean;
  /** Decides how an attempt came out. */
  decide: (attempt: Attempt) => Outcome;
  outcome: OutcomeRule<Request> | undefined;
  outcomeBodyLimit: number;
  extractorTimeout: number;
}

/** What was seen of an exchange until it ended. */
export interface ObservedRequest {
  action: AuditAction;
  startedAt: number;
  duration: number;
  path: string;
  ending: Ending;
  mark: Mark | undefined;
  address: string | undefined;
  userBefore: unknown;
  sessionBefore: SessionSnapshot | 'unseen' | undefined;
  answer: { bytes: Buffer | undefined; headers: BodyHeaders } | undefined;
}

/** What the application's own functions say of an attempt. */
interface Extracted {
  actor?: Attempt['actor'];
  group?: Attempt['group'];
  identity?: string | undefined;
  method?: string | undefined;
  factors?: readonly string[] | undefined;
  ruled?: RuleOutcome | 'skip' | undefined;
}

const NOTHING_EXTRACTED: Extracted = {};

/**
 * Reads all that request and session show, at once: after an await they may have changed.
 *
 * @param source the exchange
 * @param look what there is to see at its end
 * @param seen what was seen of it
 * @param reader how it is read
 * @returns the attempt; a promise if functions of the application are asked, of undefined if they say that it was none
 */
export function readAttempt<Request>(
  source: RequestAdapter<Request>,
  look: RequestSnapshot,
  seen: ObservedRequest,
  reader: Reader<Request>,
): Attempt | Promise<Attempt | undefined> {
  const { incoming } = source;
  const { headers } = incoming;
  const { userBefore, sessionBefore, ending, answer, action } = seen;
  const { problem } = reader.auditor;
  const owner = ownerOf(look.session);
  const sight = sessionSnapshot(look.session);
  const sightBefore = sessionBefore === 'unseen' ? undefined : sessionBefore;
  const signs = {
    before: sessionBefore,
    after: sight,
    userAppeared: isPresent(look.user) && !isPresent(userBefore),
  };
  const account = shielded(problem, undefined, () => accountOf(userBefore) ?? sightBefore?.owner);
  const user = shielded(problem, undefined, () => accountOf(look.user) ?? accountOf(owner));
  const userGroup = shielded(problem, undefined, () => tenantOf(look.user) ?? tenantOf(owner) ?? tenantOf(userBefore));
  const fallback = readLoginForm(look.body);

  const attemptWith = ({ actor, group, identity, method, factors, ruled }: Extracted): Attempt | undefined => {
    if (ruled === 'skip') return undefined;
    const typed = identity === undefined ? fallback : readLoginForm(look.body, String(identity));
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
      cameWithCookie: headers.cookie !== undefined,
      cameWithBearer: headers.authorization !== undefined && /^bearer\s/i.test(headers.authorization.slice(0, 16)),
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
      userAgent: headerOf(headers, 'user-agent'),
      requestId: look.requestId ?? headerOf(headers, 'x-request-id'),
      traceparent: headerOf(headers, 'traceparent'),
    };
  };

  const rule = reader.outcome && answer && seen.mark === undefined ? ruling(reader.outcome, answer, reader.outcomeBodyLimit) : undefined;
  if (!reader.extracts && !rule) return attemptWith(NOTHING_EXTRACTED)!;
  const view: AttemptView<Request> = {
    request: source.request,
    method: incoming.method ?? '',
    path: seen.path,
    headers,
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
  rule: ((view: AttemptView<Request>) => Promise<RuleOutcome | 'skip' | undefined>) | undefined,
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

function ruling<Request>(read: OutcomeRule<Request>, { bytes, headers }: NonNullable<ObservedRequest['answer']>, limit: number) {
  return async (view: AttemptView<Request>): Promise<RuleOutcome | 'skip' | undefined> => {
    const responseBody = await readBody(bytes, headers, limit);
    const said = await read({ ...view, responseBody });
    return said === undefined || said === null ? undefined : readOutcomeRule(said);
  };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
