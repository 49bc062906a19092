import type { IdInput, MapInput, TextInput } from '../event/input.js';
import type { AuditAction } from './action.js';

/** How an attempt came out. `unknown`: nothing proves either, or two proofs contradict each other. */
export const OUTCOMES = ['success', 'failure', 'challenge', 'unknown'] as const;

export type OutcomeKind = (typeof OUTCOMES)[number];

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

/** An account: its id, or the id with what else the API keeps of an actor. */
export type ActorInput = IdInput | { id: IdInput; name?: TextInput; href?: TextInput; fields?: MapInput };

/** A tenant: its id, or the id with its name. */
export type GroupInput = IdInput | { id: IdInput; name?: TextInput };

/** What made a request an attempt: its route, an effect (a session got an owner, a library decided), or a marker. */
export type FoundBy = 'route' | 'effect' | 'marker';

/** How an exchange ended, as node:http shows it. */
export interface Ending {
  /** `aborted`: the client was gone before the answer had left. */
  kind: 'answered' | 'aborted';
  /** The status that the handler gave; absent where it gave none. */
  status?: number;
  location?: string;
  contentType?: string;
  /** The schemes that a 401 asks for, from `WWW-Authenticate`. */
  authenticate?: string;
}

/** What an application's function or a handler can say about an attempt. */
export interface Details {
  action?: AuditAction;
  /** The account that it is about: proven on success, known on failure. */
  actor?: ActorInput;
  group?: GroupInput;
  /** The account that it was done to, where that is another. */
  target?: ActorInput;
  /** Who really acts, while an account is impersonated. */
  originalActor?: ActorInput;
  method?: string;
  factors?: readonly string[];
}

/** What a handler said about its attempt. */
export interface Mark extends Details {
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
}

/** What the `outcome` option says of an answer; `unknown` where it could not read it. */
export interface RuleOutcome extends Details {
  outcome: OutcomeKind;
  reason?: Reason;
}

/** The verdict of the library that checked a credential. */
export interface LibraryVerdict extends Details {
  /** The library, which the event names as evidence, e.g. `passport`. */
  library: string;
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
  /** What it checked may come with every request, so that only on a login route it is a login. */
  onLoginRoute?: true;
}

/** What was seen of the application's session at one moment. */
export interface SessionSnapshot {
  /** The session's id, where the session has one. */
  id?: string;
  /** The id of the account that the session belongs to; absent while nobody is logged in. */
  owner?: string;
  /** The owner's name. */
  name?: string;
  /** What people may type to mean the owner. */
  names?: readonly string[];
  /** The owner's tenant. */
  group?: GroupInput;
  /** Who really acts, while the owner is impersonated. */
  originalActor?: string;
}

/** The session before the handler and at the end; `before: 'unseen'` means that nobody looked in time. */
export interface SessionChange {
  before: SessionSnapshot | 'unseen' | undefined;
  after: SessionSnapshot | undefined;
  /** Whether the session's store took it; undefined where that was not seen. */
  isSaved?: boolean;
}

/** An account that evidence names. */
export interface NamedAccount {
  id: string;
  name?: string;
  names?: readonly string[];
  group?: GroupInput;
}

/** What the request brought that may identify somebody by itself. */
export interface RequestCredentials {
  cookie: boolean;
  /** The scheme of `Authorization`, in lower case. */
  authorization?: string;
  /** `X-Auth-Token`, or an API key. */
  header: boolean;
}

/** What the answer says, as facts: nothing of its text is kept. */
export interface AnswerFacts {
  /** The answer hands out a credential that the request did not have, and perhaps names its account. */
  credential?: { account?: NamedAccount };
  /** What a public shape of its JSON says. */
  shape?: 'success' | 'failure' | 'challenge' | 'contradiction';
}

/** What was typed into a login form, as far as the event needs it. */
export interface TypedForm {
  /** The user name, before any policy. */
  identity?: string;
  /** Whether the identity is also what was typed as password. */
  identityIsPassword: boolean;
  hasPassword: boolean;
  /** The body carries something that can prove an identity: a password, an assertion, a grant. */
  carriesCredential: boolean;
  /** The body is a token request in which a client names itself (RFC 6749, section 2.3.1), so that the framework's user may be that client. */
  namesClient?: boolean;
  /** Where the body asks to be sent, as `returnTo` does; it goes into no event. */
  targets?: readonly string[];
  /** The body is a token request in which a client names itself (RFC 6749, section 2.3.1), so that the framework's user may be that client. */
  namesClient?: boolean;
}

/** One attempt, as plain data. From here on nothing knows of frameworks. */
export interface Attempt {
  /** What was tried, by the route; a mark or rule may say otherwise. */
  action: AuditAction;
  foundBy: FoundBy;
  /** Its number among several of one request, from 1. */
  number?: number;
  /** The `external_id` of its event, from the moment on when that is composed; until then a late word still becomes part of it. */
  externalId?: string;
  /** The `external_id` of the event that this one corrects. */
  corrects?: string;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** How long it took, in milliseconds. */
  duration: number;
  ending: Ending;
  /** The path without its query. */
  path: string;
  /** The path with its query, by which a redirect's target is judged; it goes into no event. */
  target: string;
  /** The pattern of the route that ran, with its mount path, where the framework tells. */
  route?: string;
  mark?: Mark;
  verdict?: LibraryVerdict;
  rule?: RuleOutcome;
  session: SessionChange;
  /** The framework's user was absent before the handler, and is there at the end. */
  userAppeared: boolean;
  /** The account that the framework's user named before the handler. */
  userBefore?: NamedAccount;
  /** The account that the framework's user names at the end. */
  user?: NamedAccount;
  credentials: RequestCredentials;
  answer: AnswerFacts;
  form: TypedForm;
  /** What the `actor` extractor returned. */
  actor?: ActorInput;
  /** What the `group` extractor returned. */
  group?: GroupInput;
  /** What the `originalActor` extractor returned, or what is remembered of the session. */
  originalActor?: ActorInput;
  /** How the login was made: `password`, `oauth`, … */
  method?: string;
  /** The factors that were proven: `password`, `totp`, … */
  factors?: readonly string[];
  /** The session's id, which goes nowhere but into its keyed digest. */
  sessionId?: string;
  /** The client's address as the framework trusts it. */
  address?: string;
  userAgent?: string;
  requestId?: string;
  traceparent?: string;
}
