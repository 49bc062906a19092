import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { accountOf } from '../attempt/account.js';
import type { AuditAction } from '../attempt/action.js';
import type { AnswerFacts, Attempt, Mark, RuleOutcome, SessionChange } from '../attempt/attempt.js';
import { property } from '../attempt/property.js';
import { pathOf } from '../attempt/route-match.js';
import { readAnswerFacts } from './answer-reading.js';
import { askApplication, type Extracted, hasFunctions } from './ask-application.js';
import type { AuditReader } from './audit-reader.js';
import { chosenTargets } from './chosen-targets.js';
import { findAttempt, type FoundAttempt, looksLikeLogin, verdictOf } from './find-attempt.js';
import type { Impersonations } from './impersonations.js';
import { readLoginForm } from './login-form.js';
import type { ObservedExchange } from './observed-exchange.js';
import type { RequestAdapter } from './request-adapter.js';
import { requestCredentials } from './request-credentials.js';
import type { BodyReading } from './response-body.js';
import { headerOf } from './response-head.js';
import { shielded } from './shielded.js';
import { batchedLogins } from './trpc-batch.js';

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
  const found = findAttempt(exchange, marks.length > 0, adapter.target, reader.matcher);
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
  const mustRead = exchange.body !== undefined && reader.readAnswers;
  if (!mustRead && !hasFunctions(reader)) return finish(NOTHING_READ, {});
  return askApplication(adapter, exchange, spoken.length > 0, reader).then(({ reading, extracted }) => finish(reading, extracted));
}

const NOTHING_READ: BodyReading = { state: 'none' };

function cover<Request>(
  { look, methods, routes }: ObservedExchange,
  target: string,
  { auditor }: AuditReader<Request>,
  isAudited: boolean,
): void {
  auditor.cover(look.method || (methods[0] ?? ''), routes.at(-1)?.pattern ?? pathOf(target), isAudited);
}

function baseOf<Request>(
  { incoming: { headers }, target }: RequestAdapter<Request>,
  exchange: ObservedExchange,
  { action, foundBy }: FoundAttempt,
  { auditor, impersonations }: AuditReader<Request>,
): Attempt {
  const { look, session, form } = exchange;
  const verdict = verdictOf(exchange, foundBy);
  const userBefore = shielded(auditor.problem, undefined, () => accountOf(exchange.userBefore));
  const user = shielded(auditor.problem, undefined, () => accountOf(look.user));
  return {
    action: form.isRefresh && action === 'user.login' ? 'user.session.refresh' : action,
    foundBy,
    startedAt: exchange.startedAt,
    duration: exchange.duration,
    ending: exchange.ending,
    path: exchange.path,
    target,
    route: exchange.routes.at(-1)?.pattern,
    verdict,
    session,
    chosenTargets: exchange.ending.location === undefined ? undefined : targetsOf(look.body, headers, session),
    ...sessionOf(session, action, impersonations),
    userAppeared: user !== undefined && userBefore === undefined,
    userBefore,
    user,
    credentials: requestCredentials(headers),
    answer: {},
    form,
    method: verdict?.method ?? (form.hasPassword ? 'password' : undefined),
    address: exchange.address,
    userAgent: headerOf(headers, 'user-agent'),
    requestId: look.requestId ?? headerOf(headers, 'x-request-id'),
    traceparent: headerOf(headers, 'traceparent'),
  };
}

/** Where the client wanted to go: by this request, or by an earlier one whose session remembers it. */
function targetsOf(body: unknown, headers: IncomingHttpHeaders, { before }: SessionChange): string[] {
  const kept = before === 'unseen' ? undefined : before?.returnTo;
  return [...chosenTargets(body, headers), ...(kept === undefined ? [] : [kept])];
}

/** The session that an attempt is about, and who really acts in it. A logout is about the one that it ends. */
function sessionOf(
  change: SessionChange,
  action: AuditAction,
  impersonations: Impersonations,
): Pick<Attempt, 'sessionId' | 'originalActor'> {
  const before = change.before === 'unseen' ? undefined : change.before;
  const snapshots = action === 'user.logout' ? [before, change.after] : [change.after, before];
  const sessionId = snapshots.find((session) => session?.id !== undefined)?.id;
  const impersonated = [change.after, before].find((session) => session?.originalActor !== undefined);
  return { sessionId, originalActor: impersonated?.originalActor ?? impersonations.of(before?.id ?? sessionId) };
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
  const said: Partial<Attempt>[] =
    marks.length > 0
      ? marks.map((mark) => ({ mark }))
      : (rules?.map((rule) => ruled(rule, exchange)) ?? batched(attempt, exchange, reading, adapter, reader));
  if (said.length === 0) return [attempt];
  if (said.length === 1) return [Object.assign(attempt, said[0])];
  attempt.requestId ??= randomUUID();
  return said.map((one, index) => ({ ...attempt, ...one, number: index + 1 }));
}

/** In a batch of tRPC every call of a login procedure is an attempt, and has an answer of its own. */
function batched<Request>(
  attempt: Attempt,
  exchange: ObservedExchange,
  reading: BodyReading,
  adapter: RequestAdapter<Request>,
  reader: AuditReader<Request>,
): Partial<Attempt>[] {
  const content = reading.state === 'read' ? reading.value : undefined;
  return batchedLogins(attempt.target, exchange.look.body, content).map(({ input, answer }) => {
    const form = readLoginForm(input);
    if (property(answer, 'error') !== undefined) return { form, rule: { outcome: 'failure' } };
    if (answer === undefined) return { form, rule: { outcome: (exchange.ending.status ?? 0) >= 400 ? 'failure' : 'unknown' } };
    return { form, answer: answerFacts(exchange, { state: 'read', value: answer, isJson: true }, adapter, reader) };
  });
}

/** A rule may name the user of each of its attempts. */
function ruled(rule: RuleOutcome, { look }: ObservedExchange): Partial<Attempt> {
  return rule.identity === undefined ? { rule } : { rule, form: readLoginForm(look.body, rule.identity) };
}

/** What extractors return comes from the application's own code, which may be written in JavaScript. */
function withExtracted(base: Attempt, { look }: ObservedExchange, extracted: Extracted): Attempt {
  const { actor, group, identity, method, factors, originalActor, address } = extracted;
  return {
    ...base,
    actor,
    group,
    form: typeof identity === 'string' ? readLoginForm(look.body, identity) : base.form,
    method: typeof method === 'string' ? method : base.method,
    factors: Array.isArray(factors) ? factors : undefined,
    originalActor: originalActor ?? base.originalActor,
    address: typeof address === 'string' ? address : base.address,
  };
}

function answerFacts<Request>(
  { ending, head, form, body, look }: ObservedExchange,
  reading: BodyReading,
  adapter: RequestAdapter<Request>,
  { readAnswers, auditor }: AuditReader<Request>,
): AnswerFacts {
  // What never left was given to nobody.
  if (ending.status === undefined || (ending.kind === 'aborted' && !adapter.outgoing.headersSent)) return {};
  const content = readAnswers && reading.state === 'read' && (body?.length ?? 0) <= MAX_READ_ANSWER ? reading.value : undefined;
  const request = { headers: adapter.incoming.headers, target: adapter.target, body: look.body };
  return shielded(auditor.problem, {}, () => readAnswerFacts({ content, head, request, form }));
}
