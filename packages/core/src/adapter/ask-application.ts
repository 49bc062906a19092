import type { Attempt, RuleOutcome } from '../attempt/attempt.js';
import type { AuditReader } from './audit-reader.js';
import { extract, type AttemptView } from './extractors.js';
import type { ObservedExchange } from './observed-exchange.js';
import { readOutcomeRule } from './outcome-rule.js';
import type { RequestAdapter } from './request-adapter.js';
import { type BodyReading, readBody } from './response-body.js';

/** The results of the extractors and of the `outcome` option. */
export interface Extracted {
  actor?: Attempt['actor'];
  group?: Attempt['group'];
  identity?: string | undefined;
  method?: string | undefined;
  factors?: readonly string[] | undefined;
  originalActor?: Attempt['originalActor'];
  address?: string | undefined;
  rules?: readonly (RuleOutcome | 'skip')[] | undefined;
}

/**
 * Whether the application has any extractor, or the `outcome` option.
 *
 * @param reader the compiled options
 */
export function hasFunctions<Request>(reader: AuditReader<Request>): boolean {
  const { outcome, actor, group, identity, method, factors, originalActor, address } = reader;
  return [outcome, actor, group, identity, method, factors, originalActor, address].some((one) => one !== undefined);
}

/**
 * Reads the answer, and asks the functions of the application.
 *
 * @param adapter the exchange
 * @param exchange what was seen of it
 * @param isMarked whether a marker has spoken, which outranks the `outcome` option
 * @param reader the compiled options
 */
export async function askApplication<Request>(
  adapter: RequestAdapter<Request>,
  exchange: ObservedExchange,
  isMarked: boolean,
  reader: AuditReader<Request>,
): Promise<{ reading: BodyReading; extracted: Extracted }> {
  const { head, look, ending } = exchange;
  const headers = { contentType: head.header('content-type'), contentEncoding: head.header('content-encoding') };
  const reading = await readBody(exchange.body, headers, reader.bodyLimit);
  const view: AttemptView<Request> = {
    request: adapter.request,
    method: look.method || (exchange.methods[0] ?? ''),
    path: exchange.routes.at(-1)?.matched ?? exchange.path,
    params: exchange.routes.at(-1)?.params ?? {},
    headers: adapter.incoming.headers,
    query: queryOf(adapter.target),
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

/** The parameters of the query, each with its first value. */
function queryOf(target: string): Record<string, string> {
  const at = target.indexOf('?');
  if (at === -1) return {};
  return Object.fromEntries([...new URLSearchParams(target.slice(at + 1).replace(/#.*$/s, ''))].reverse());
}
