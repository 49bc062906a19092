import type { IncomingHttpHeaders } from 'node:http';
import { AuditError } from '../errors.js';
import type { ActorInput, GroupInput, OutcomeKind, RuleOutcome } from '../attempt/attempt.js';

/** The argument of extractors and of the `outcome` option, which is the same in every framework. */
export interface AttemptView<Request = unknown> {
  /** The framework's own request. */
  request: Request;
  method: string;
  /** The path without its query, decoded if the router decodes it. */
  path: string;
  /** The parameters of the matched route. */
  params: Record<string, unknown>;
  /** The parameters of the URL's query, each with its first value. */
  query: Record<string, string>;
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

/** A function of the application that returns one part of the event. */
export type Extractor<T, Request = unknown> = (view: AttemptView<Request>) => T | null | undefined | Promise<T | null | undefined>;

/** The extractors of an application. */
export interface Extractors<Request = unknown> {
  /** The account of a success. @default what the evidence names, else the typed name */
  actor?: Extractor<ActorInput, Request> | undefined;
  /** The tenant. @default the tenant that the proven user belongs to */
  group?: Extractor<GroupInput, Request> | undefined;
  /** The typed user name. @default the body's `username`, `email`, `login`, … */
  identity?: Extractor<string, Request> | undefined;
  /** The login method. @default `password` when the body has a password */
  method?: Extractor<string, Request> | undefined;
  /** The factors that were proven, e.g. `['password', 'totp']`. */
  factors?: Extractor<readonly string[], Request> | undefined;
  /** The account that really acts while another one is impersonated. @default the session's `impersonator`, `originalUser`, … */
  originalActor?: Extractor<ActorInput, Request> | undefined;
  /** The client's address. @default the framework's, by its trust setting */
  address?: Extractor<string, Request> | undefined;
}

/**
 * A function of the application that reads the outcome from the response. Its result outranks all evidence except a marker; an array is one attempt
 * per element. If it throws, is late or cannot read the response, the attempt never becomes a success.
 */
export type OutcomeRule<Request = unknown> = (
  view: AttemptView<Request>,
) => OutcomeAnswer | readonly OutcomeAnswer[] | null | undefined | Promise<OutcomeAnswer | readonly OutcomeAnswer[] | null | undefined>;

/** What an {@link OutcomeRule} may return for one attempt; `skip` means that there was no attempt. */
export type OutcomeAnswer = OutcomeKind | RuleOutcome | 'skip';

/**
 * Runs an extractor. If it throws or takes too long, the event lacks its part, and a report is made. The thrown error is not reported, since it may
 * contain what was typed.
 *
 * @param name the option, for the report
 * @param extractor the user's function
 * @param view what it sees
 * @param timeout the time-out, in milliseconds
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
