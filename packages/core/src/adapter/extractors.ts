import type { IncomingHttpHeaders } from 'node:http';
import { AuditError } from '../errors.js';
import type { ActorInput, GroupInput, OutcomeKind, RuleOutcome } from '../attempt/attempt.js';

/** What an extractor and the `outcome` option see: the same in every framework. */
export interface AttemptView<Request = unknown> {
  /** The framework's own request. */
  request: Request;
  method: string;
  /** The path without its query, decoded where the router decoded it. */
  path: string;
  /** The parameters of the route that ran. */
  params: Record<string, unknown>;
  headers: IncomingHttpHeaders;
  /** The parsed body, if the application parses it. */
  body: unknown;
  /** The framework's user at the end of the exchange. */
  user: unknown;
  /** The session at the end of the exchange. */
  session: unknown;
  /** The status of the answer; undefined when the handler gave none before the client was gone. */
  status: number | undefined;
  /**
   * The answer: parsed if it is JSON, else its text; undefined if there was none, or if it could not be read (too long, streamed, in an unknown encoding).
   */
  responseBody: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- as JSON.parse() gives it: rules would begin with a cast
}

/** A user's function for one part of the event. */
export type Extractor<T, Request = unknown> = (view: AttemptView<Request>) => T | null | undefined | Promise<T | null | undefined>;

/** The extractors that an application can give. */
export interface Extractors<Request = unknown> {
  /** The account of a success. @default what the evidence names, else the typed name */
  actor?: Extractor<ActorInput, Request> | undefined;
  /** The tenant. @default the tenant that the proven user belongs to */
  group?: Extractor<GroupInput, Request> | undefined;
  /** What was typed as user name. @default the body's `username`, `email`, `login`, … */
  identity?: Extractor<string, Request> | undefined;
  /** How the login was made. @default `password` when the body has a password */
  method?: Extractor<string, Request> | undefined;
  /** The factors that were proven, e.g. `['password', 'totp']`. */
  factors?: Extractor<readonly string[], Request> | undefined;
  /** Who really acts, while an account is impersonated. @default the session's `impersonator`, `originalUser`, … */
  originalActor?: Extractor<ActorInput, Request> | undefined;
  /** The client's address. @default the framework's, by its trust setting */
  address?: Extractor<string, Request> | undefined;
}

/**
 * A user's function that reads the outcome from the answer. What it returns outranks all guesses; a list is one attempt each. What throws, is late, or
 * meets an answer that cannot be read never becomes a success.
 */
export type OutcomeRule<Request = unknown> = (
  view: AttemptView<Request>,
) => OutcomeAnswer | readonly OutcomeAnswer[] | null | undefined | Promise<OutcomeAnswer | readonly OutcomeAnswer[] | null | undefined>;

/** What an {@link OutcomeRule} may return of one attempt; `skip` means that it was none. */
export type OutcomeAnswer = OutcomeKind | RuleOutcome | 'skip';

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
