import type { IncomingHttpHeaders } from 'node:http';
import { AuditError } from '../errors.js';
import type { ActorInput, GroupInput, RuleOutcome } from '../attempt/attempt.js';

/** What an extractor sees: the same in every framework. */
export interface AttemptView<Request = unknown> {
  /** The framework's own request. */
  request: Request;
  method: string;
  /** The path without its query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed body, if the application parses it. */
  body: unknown;
  /** The framework's user at the end of the exchange. */
  user: unknown;
  /** The session at the end of the exchange. */
  session: unknown;
  /** The status of the answer; undefined when the exchange was aborted. */
  status: number | undefined;
}

/** What the `outcome` option sees: what extractors see, and the answer. */
export interface OutcomeView<Request = unknown> extends AttemptView<Request> {
  /** The answer: parsed if it is JSON, else its text; undefined if there was none, or if it was longer than `outcomeBodyLimit`. */
  responseBody: unknown;
}

/** A user's function for one part of the event. */
export type Extractor<T, Request = unknown> = (view: AttemptView<Request>) => T | null | undefined | Promise<T | null | undefined>;

/** The extractors that an application can give. */
export interface Extractors<Request = unknown> {
  /** The account, used once somebody is proven. @default the framework's user, then the session's owner */
  actor?: Extractor<ActorInput, Request>;
  /** The tenant. @default the tenant that the proven user belongs to */
  group?: Extractor<GroupInput, Request>;
  /** What was typed as user name. @default the body's `username`, `email`, `login`, … */
  identity?: Extractor<string, Request>;
  /** How the login was made. @default `password` when the body has a password */
  method?: Extractor<string, Request>;
  /** The factors that were proven, e.g. `['password', 'totp']`. */
  factors?: Extractor<readonly string[], Request>;
}

/** A user's function that reads the outcome from the answer. It is asked for aborted exchanges, too, where only `skip` is heard. */
export type OutcomeRule<Request = unknown> = (
  view: OutcomeView<Request>,
) => OutcomeAnswer | null | undefined | Promise<OutcomeAnswer | null | undefined>;

/** What an {@link OutcomeRule} may return; `skip` means that it was no attempt. */
export type OutcomeAnswer = RuleOutcome['outcome'] | RuleOutcome | 'skip';

/**
 * Runs an extractor. One that throws, or takes longer than its bound, costs the event that part and is reported; the error that it threw is
 * not, since it may hold what was typed.
 *
 * @param name the option, for the report
 * @param extractor the user's function
 * @param view what it sees
 * @param timeout its bound in milliseconds
 * @param problem takes the report
 */
export async function extract<T, View>(
  name: string,
  extractor: ((view: View) => T | null | undefined | Promise<T | null | undefined>) | undefined,
  view: View,
  timeout: number,
  problem: (error: AuditError) => void,
): Promise<T | undefined> {
  if (!extractor) return undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(reject, timeout, new AuditError('ERR_AUDIT_EXTRACTOR', `The extractor "${name}" took longer than ${timeout} ms.`));
    });
    return (await Promise.race([extractor(view), late])) ?? undefined;
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    problem(
      thrown instanceof AuditError && thrown.code === 'ERR_AUDIT_EXTRACTOR'
        ? thrown
        : new AuditError('ERR_AUDIT_EXTRACTOR', `The extractor "${name}" threw (${kind}).`, { field: name }),
    );
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
