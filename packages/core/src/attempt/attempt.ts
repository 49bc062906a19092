import type { IdInput, MapInput, TextInput } from '../event/input.js';
import type { AuditAction } from './action.js';

/** The outcomes of an attempt. `unknown`: there is no evidence, or the evidence contradicts itself. */
export const OUTCOMES = ['success', 'failure', 'challenge', 'unknown'] as const;

export type OutcomeKind = (typeof OUTCOMES)[number];

/** The reasons why an attempt did not succeed. */
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

/** An account: its id, or an object with the id and further attributes of an actor. */
export type ActorInput = IdInput | { id: IdInput; name?: TextInput; href?: TextInput; fields?: MapInput };

/** A tenant: its id, or an object with the id and the name. */
export type GroupInput = IdInput | { id: IdInput; name?: TextInput };

/** What made a request an attempt: its route, an effect (a session got an owner, a library decided), or a marker. */
export type FoundBy = 'route' | 'effect' | 'marker';

/** The end of an exchange, as observed in node:http. */
export interface Ending {
  /** `aborted`: the client disconnected before the response was sent. */
  kind: 'answered' | 'aborted';
  /** The status that the handler set; absent if it set none. */
  status?: number;
  location?: string;
  contentType?: string;
  /** The `WWW-Authenticate` header of a 401. */
  authenticate?: string;
}

/** Details of an attempt that a handler or a function of the application can state. */
interface Details {
  action?: AuditAction;
  /** The account: on success the one that was proven, on failure the existing one that was tried. */
  actor?: ActorInput;
  group?: GroupInput;
  /** The account that was acted on, if it is not the actor. */
  target?: ActorInput;
  /** The account that really acts, while another is impersonated. */
  originalActor?: ActorInput;
  method?: string;
  factors?: readonly string[];
}

/** What a handler stated by a marker. */
export interface Mark extends Details {
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
}

/** The result of the `outcome` option; `unknown` if the option could not decide. */
export interface RuleOutcome extends Details {
  outcome: OutcomeKind;
  reason?: Reason;
  /** The typed user name of this attempt; that of the request's body if left out. */
  identity?: string;
}

/** The verdict of a library that checked a credential. */
export interface LibraryVerdict extends Details {
  /** Name of the library, which the event names as evidence, e.g. `passport`. */
  library: string;
  outcome: 'success' | 'failure' | 'challenge';
  reason?: Reason;
  /** The credential may come with every request, so the verdict is a login on login routes only. */
  onLoginRoute?: true;
}

/** The state of the application's session at one moment. */
export interface SessionSnapshot {
  /** The session's id, if it has one. */
  id?: string;
  /** The id of the account that is logged in; absent if none is. */
  owner?: string;
  /** The session says that somebody is logged in, but not who. */
  isIn?: true;
  /** The owner's name. */
  name?: string;
  /** The names that people may type for the owner. */
  names?: readonly string[];
  /** The owner's tenant. */
  group?: GroupInput;
  /** Where an earlier request wanted to go. */
  returnTo?: string;
  /** Who really acts, while the owner is impersonated. */
  originalActor?: string;
}

/** The session before the handler and at the end. `before: 'unseen'` means that the session was not read before the handler ran. */
export interface SessionChange {
  before: SessionSnapshot | 'unseen' | undefined;
  after: SessionSnapshot | undefined;
  /** Whether the session store saved it; undefined if that was not observed. */
  isSaved?: boolean | undefined;
}

/** An account that evidence names. */
export interface NamedAccount {
  id: string;
  name?: string;
  names?: readonly string[];
  group?: GroupInput;
}

/** The credentials in a request that identify somebody without a login. */
interface RequestCredentials {
  cookie: boolean;
  /** The scheme of `Authorization`, in lower case. */
  authorization?: string | undefined;
  /** `X-Auth-Token`, or an API key. */
  header: boolean;
}

/** Facts about the response. Nothing of its text is stored. */
export interface AnswerFacts {
  /** The response contains a credential that the request did not have, and may name its account. */
  credential?: { account?: NamedAccount };
  /** The response clears a cookie by which the request was somebody's. */
  isTakenBack?: true;
  /** The outcome that a common shape of its JSON states. */
  shape?: 'success' | 'failure' | 'challenge' | 'contradiction';
}

/** The values of a login form that the event needs. */
interface TypedForm {
  /** The typed user name, before the policy is applied. */
  identity?: string;
  /** Whether the same text was typed as password. */
  identityIsPassword: boolean;
  hasPassword: boolean;
  /** Whether the body contains a credential: a password, an assertion, a grant. */
  carriesCredential: boolean;
  /** The body is a token request in which a client names itself (RFC 6749, section 2.3.1), so that the framework's user may be that client. */
  namesClient?: boolean;
}

/** One attempt, as plain data without any reference to a framework. */
export interface Attempt {
  /** The action by the route; a mark or a rule may override it. */
  action: AuditAction;
  foundBy: FoundBy;
  /** Its number, from 1, if a request has several attempts. */
  number?: number | undefined;
  /** The `external_id` of its event. It is set when the event is composed; until then a late mark can still change the attempt. */
  externalId?: string | undefined;
  /** The `external_id` of the event that this one corrects. */
  corrects?: string | undefined;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** How long it took, in milliseconds. */
  duration: number;
  ending: Ending;
  /** The path without its query. */
  path: string;
  /** The path with its query, which is compared with the target of a redirect. It does not go into the event. */
  target: string;
  /** The pattern of the matched route with its mount path, if the framework exposes it. */
  route?: string | undefined;
  mark?: Mark | undefined;
  verdict?: LibraryVerdict | undefined;
  rule?: RuleOutcome | undefined;
  session: SessionChange;
  /** What the client may have chosen as the target of a redirect, as `returnTo` does; it goes into no event. */
  chosenTargets?: readonly string[] | undefined;
  /** Whether the framework's user was absent before the handler and is present at the end. */
  userAppeared: boolean;
  /** The account of the framework's user before the handler. */
  userBefore?: NamedAccount | undefined;
  /** The account of the framework's user at the end. */
  user?: NamedAccount | undefined;
  credentials: RequestCredentials;
  answer: AnswerFacts;
  form: TypedForm;
  /** The result of the `actor` extractor. */
  actor?: ActorInput | undefined;
  /** The result of the `group` extractor. */
  group?: GroupInput | undefined;
  /** The result of the `originalActor` extractor, or the account that began the impersonation in this session. */
  originalActor?: ActorInput | undefined;
  /** How the login was made: `password`, `oauth`, … */
  method?: string | undefined;
  /** The factors that were proven: `password`, `totp`, … */
  factors?: readonly string[] | undefined;
  /** The session's id, of which only a keyed digest goes into the event. */
  sessionId?: string | undefined;
  /** The client's address by the framework's trust setting. */
  address?: string | undefined;
  userAgent?: string | undefined;
  requestId?: string | undefined;
  traceparent?: string | undefined;
}

/**
 * Returns the action of an attempt: what a handler or a rule of the application stated, or else that of its route.
 *
 * @param attempt the attempt
 */
export function statedAction({ mark, rule, action }: Pick<Attempt, 'mark' | 'rule' | 'action'>): AuditAction {
  return mark?.action ?? rule?.action ?? action;
}
