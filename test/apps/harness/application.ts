import type { Client, Answer } from './client.js';

/** What an event must say. What is left out is not asked for. */
export interface ExpectedEvent {
  /** @default user.login */
  action?: string;
  outcome: 'success' | 'failure' | 'challenge' | 'unknown';
  reason?: string;
  /** The id of the account: the actor of a success, the target of everything else. */
  account?: string;
  /** `aborted`: it says that the client was gone before its answer. */
  ending?: 'aborted';
  /** What was typed as user name by somebody who is not proven. */
  typed?: string;
}

/** One situation at one application. */
export interface Case<World> {
  /** The column of the table. */
  name: string;
  /** Does what a person at a browser, or a program, would do. */
  drive(client: Client, world: World): Promise<unknown>;
  /** The statuses that the application's documentation promises for what was driven. */
  statuses: number[];
  /** The events, in the order of the attempts: one for each. */
  events: ExpectedEvent[] | ((world: World, answers: Answer[]) => ExpectedEvent[]);
}

/** A server that an application needs beside it. */
export interface Service {
  /** Why it cannot run on this machine, with the command that would provide it. */
  missing: string | undefined;
  start(): Promise<{ env: Record<string, string>; stop(): Promise<void> }>;
}

/** An application of others: what `cases.ts` of its folder exports as `application`. */
export interface Application<World = unknown> {
  /** Whether it takes minutes to install, so that the bounded run leaves it out. @default false */
  heavy?: boolean;
  /** A server that it needs; each of its processes gets one of its own. */
  needs?: Service;
  /** Kinds of the same application, by name: what each adds to its environment. A row of the table each. @default one without a name */
  variants?: Record<string, Record<string, string>>;
  /** Brings the application to where the cases begin: accounts and the like. Its requests are not judged. */
  prepare(client: Client): Promise<World>;
  /** What no event may contain, e.g. the passwords of the cases. */
  secrets: string[];
  /** In their order; one that exhausts a limit comes last. */
  cases: Case<World>[];
}

/**
 * Names the world of an application once, for all of its cases.
 *
 * @param application the application
 */
export function defineApplication<World>(application: Application<World>): Application<World> {
  return application;
}
