import type { AuditEvent } from '@auditlogin/core/browser';

/** An event as the collector sends it to this page. */
export interface ViewerEvent {
  id: string;
  hash: string;
  received: number;
  time: number;
  cursor: string;
  names: { actor?: string; group?: string; target?: string };
  event: AuditEvent;
  /** The `external_id` of the event that corrects this one. */
  correctedBy?: string;
  canonical: string;
  seal: { instance: string; seq: number; keyId: string; seal: string; prev: string | null } | null;
}

/** A page of events. */
export interface EventsPage {
  events: ViewerEvent[];
  total: number;
  /** Whether there are more events than `total`, since counting stops at a bound. */
  isMore: boolean;
  hasOlder: boolean;
}

/** The number of attempts by outcome, in spans of equal length. */
export interface Timeline {
  from: number;
  to: number;
  step: number;
  counts: { start: number; outcome: string; attempts: number }[];
}

/** Failed attempts from one source, or on one account. */
export interface FailureCount {
  name: string;
  failures: number;
  others: number;
  last: number;
}

/** The addresses and accounts with the most failures of the last hour. */
export interface Failures {
  since: number;
  sources: FailureCount[];
  accounts: FailureCount[];
}

/** The kind of token that was used to sign in, and the events that it opens. */
export interface Session {
  project: string;
  group?: string;
  target?: string;
  kind: 'publisher' | 'viewer';
}

/** An error response, or a failed request. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function call<T>(path: string, options: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`viewer/${path}`, { ...options, credentials: 'same-origin' });
  } catch {
    throw new ApiProblem(0, 'The collector cannot be reached.');
  }
  if (response.status === 204) return undefined as T;
  const body = (await response.json().catch(() => ({}))) as T & { error?: string };
  if (!response.ok) throw new ApiProblem(response.status, body.error ?? `The collector answered ${response.status}.`);
  return body;
}

/** The requests of this page to the collector. */
export const api = {
  session: () => call<Session>('session'),
  signIn: (token: string) =>
    call<Session>('session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) }),
  signOut: () => call<void>('session', { method: 'DELETE' }),
  events: (query: URLSearchParams) => call<EventsPage>(`events?${query}`),
  timeline: (query: URLSearchParams) => call<Timeline>(`timeline?${query}`),
  failures: () => call<Failures>('failures'),
};
