import type { IdInput, MapInput, TextInput } from '../event/normalise.js';

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
export type Evidence = 'marker' | 'session' | 'user' | 'redirect' | 'status' | 'aborted';

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
  actor?: ActorInput;
  group?: GroupInput;
  method?: string;
}

/** What was seen of the application's session at one moment. */
export interface SessionSight {
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
  before: SessionSight | 'unseen' | undefined;
  after: SessionSight | undefined;
  /** The framework's user was absent when the request came in and is there now. */
  userAppeared: boolean;
}

/** One exchange on a login route, as plain data. From here on nothing knows of frameworks. */
export interface Attempt {
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
  /** The account that a session or the framework's user names. */
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
  /** The client's address as the framework trusts it. */
  address?: string;
  userAgent?: string;
  requestId?: string;
  traceparent?: string;
}
