import type { IdInput, MapInput, TextInput } from '../event/input.js';
import type { AuditAction } from './action.js';

/** How an attempt came out. `unknown`: nothing proves either. */
export type OutcomeKind = 'success' | 'failure' | 'challenge' | 'unknown';

/** Why an attempt did not succeed. */
export const REASONS = [
  'invalid_credentials',
  'user_not_found',
  'wrong_password',
  'account_locked',
  'account_disabled',
  'password_expired',
  'mfa_failed',
  'rate_limited',
  'provider_error',
  'server_error',
  'aborted',
] as const;

export type Reason = (typeof REASONS)[number];

/** What decided the outcome, strongest first. */
export type Evidence = 'marker' | 'session' | 'user' | 'redirect' | 'body' | 'status' | 'aborted';

/** What the `outcome` option says of an answer. */
export interface RuleOutcome {
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
}

/** An account: its id, or the id with what else the API keeps of an actor. */
export type ActorInput = IdInput | { id: IdInput; name?: TextInput; href?: TextInput; fields?: MapInput };

/** A tenant: its id, or the id with its name. */
export type GroupInput = IdInput | { id: IdInput; name?: TextInput };

/** How the exchange ended, as the adapter saw it. */
export type Ending = { kind: 'answered'; status: number; location?: string; contentType?: string } | { kind: 'aborted' };

/** What a handler said about its attempt. */
export interface Mark {
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
  action?: AuditAction;
  actor?: ActorInput;
  group?: GroupInput;
  target?: ActorInput;
  originalActor?: ActorInput;
  method?: string;
  factors?: readonly string[];
}

/** What was seen of the application's session at one moment. */
export interface SessionSnapshot {
  /** The session's id, where the session has one. */
  id?: string;
  /** Who the session belongs to; absent while nobody is logged in. */
  owner?: string;
}

/**
 * What can prove that somebody was logged in within this exchange. `before` is what was there first, `after` what was there at the end;
 * `before: 'unseen'` means that nobody looked in time.
 */
export interface LoginSigns {
  before: SessionSnapshot | 'unseen' | undefined;
  after: SessionSnapshot | undefined;
  /** The framework's user was absent when the request came in and is there now. */
  userAppeared: boolean;
}

/** One exchange on a login route, as plain data. From here on nothing knows of frameworks. */
export interface Attempt {
  /** What was tried, by the route; a mark may say otherwise. */
  action: AuditAction;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** How long it took, in milliseconds. */
  duration: number;
  ending: Ending;
  /** The path without its query. */
  path: string;
  /** The pattern of the route that answered, where the framework tells. */
  route?: string;
  mark?: Mark;
  signs: LoginSigns;
  /** The request brought a session or a bearer token of its own. */
  cameWithCookie: boolean;
  cameWithBearer: boolean;
  /** The account that a session or the framework's user named when the request came in. */
  userBefore?: ActorInput;
  /** The account that a session or the framework's user names at the end. */
  user?: ActorInput;
  /** The tenant that the user belongs to. */
  userGroup?: GroupInput;
  /** What the `actor` extractor returned. */
  actor?: ActorInput;
  /** What the `group` extractor returned. */
  group?: GroupInput;
  /** What was typed as user name, before any policy. */
  identity?: string;
  /** Whether the identity is also what was typed as password. */
  identityIsPassword?: boolean;
  /** How the login was made: `password`, `oauth`, … */
  method?: string;
  /** The factors that were proven: `password`, `totp`, … */
  factors?: readonly string[];
  /** What the `outcome` option made of the answer. */
  ruled?: RuleOutcome;
  /** The session's id, which goes nowhere but into its keyed digest. */
  sessionId?: string;
  /** The client's address as the framework trusts it. */
  address?: string;
  userAgent?: string;
  requestId?: string;
  traceparent?: string;
}
