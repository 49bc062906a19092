import type { Client, Answer } from './client.js';

/** The expected attributes of an event. Attributes that are left out are not compared. */
export interface ExpectedEvent {
  /** @default user.login */
  action?: string;
  outcome: 'success' | 'failure' | 'challenge' | 'unknown';
  reason?: string;
  /** The id of the account: the actor of a success, the target of everything else. */
  account?: string;
  /** `aborted` if the client must have disconnected before the response. */
  ending?: 'aborted';
  /** The typed user name of an attempt without a proven account. */
  typed?: string;
}

/** One case of an application. */
export interface Case<World> {
  /** The column of the table. */
  name: string;
  /** Sends the requests of a person with a browser, or of a program. */
  drive(client: Client, world: World): Promise<unknown>;
  /** The statuses of the responses, according to the application's documentation. */
  statuses: number[];
  /** The expected events, one for each attempt, in order. */
  events: ExpectedEvent[] | ((world: World, answers: Answer[]) => ExpectedEvent[]);
}

/** A server that an application needs. */
export interface Service {
  /** Why it cannot run on this machine, with the command that would provide it. */
  missing: string | undefined;
  start(): Promise<{ env: Record<string, string>; stop(): Promise<void> }>;
}

/** A third-party application. The file `cases.ts` of its folder exports it as `application`. */
export interface Application<World = unknown> {
  /** Whether it takes minutes to install, so that the bounded run skips it. @default false */
  heavy?: boolean;
  /** A server that the application needs; each of its processes gets its own. */
  needs?: Service;
  /** Variants of the application, by name, with additional environment variables. Each is a row of the table. @default one without a name */
  variants?: Record<string, Record<string, string>>;
  /** Prepares the application for the cases, for example by creating accounts. Its requests are not checked. */
  prepare(client: Client): Promise<World>;
  /** Secrets that no event may contain, e.g. the passwords of the cases. */
  secrets: string[];
  /** The cases, in order; one that exhausts a limit comes last. */
  cases: Case<World>[];
}

/**
 * Declares the type that `prepare` returns once, for all cases of an application.
 *
 * @param application the application
 */
export function defineApplication<World>(application: Application<World>): Application<World> {
  return application;
}
