/** A map of the API from string to string; no key and no value may be empty. */
export type StringMap = Record<string, string>;

/** Who did it (Publisher API, "Event"). */
export interface Actor {
  id: string;
  name?: string;
  href?: string;
  fields?: StringMap;
}

/** The tenant: an end customer of a multi-tenant application (Publisher API, "Event"). */
export interface Group {
  id: string;
  name?: string;
}

/** What it was done to (Publisher API, "Event"). */
export interface Target {
  id: string;
  name?: string;
  href?: string;
  type?: string;
  fields?: StringMap;
}

export type Crud = 'c' | 'r' | 'u' | 'd';

/** An event as the Publisher API takes it (Publisher API, "Event"). */
export interface AuditEvent {
  action: string;
  crud: Crud;
  actor?: Actor;
  group?: Group;
  target?: Target;
  is_failure?: boolean;
  is_anonymous?: boolean;
  source_ip?: string;
  /** ISO 8601 with offset: when it happened. */
  created?: string;
  description?: string;
  component?: string;
  version?: string;
  external_id?: string;
  /** Indexed for search by the server. */
  fields?: StringMap;
  /** Stored, not searched. */
  metadata?: StringMap;
}

/** What the server answers for an event that it stored (Publisher API, "Calls"). */
export interface Receipt {
  id: string;
  hash: string;
}
