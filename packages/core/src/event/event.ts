/** A map of the API from string to string; no key and no value may be empty. */
export type StringMap = Record<string, string>;

/** The account that acted (Publisher API, "Event"). */
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

/** The object of the action (Publisher API, "Event"). */
export interface Target {
  id: string;
  name?: string;
  href?: string;
  type?: string;
  fields?: StringMap;
}

export type Crud = 'c' | 'r' | 'u' | 'd';

/** An event in the form that the Publisher API accepts (Publisher API, "Event"). */
export interface AuditEvent {
  action: string;
  crud: Crud;
  actor?: Actor;
  group?: Group;
  target?: Target;
  is_failure?: boolean;
  is_anonymous?: boolean;
  source_ip?: string;
  /** When the action happened, in ISO 8601 with offset. */
  created?: string;
  description?: string;
  component?: string;
  version?: string;
  external_id?: string;
  /** Indexed for search by the server. */
  fields?: StringMap;
  /** Stored by the server, but not searchable. */
  metadata?: StringMap;
}

/** The server's answer for one event that it stored (Publisher API, "Calls"). */
export interface Receipt {
  id: string;
  hash: string;
}
