import type { AuditEvent, Crud, StringMap } from '../event/event.js';

/** GraphQL selection of the attributes that the log returns (Publisher API, "What can be read back"). */
export const READ_BACK = `id action crud external_id is_failure is_anonymous source_ip description component version created received
  actor { id name fields { key value } } group { id name } target { id name type fields { key value } } fields { key value } metadata { key value }`;

/** An event that was read from the log. */
export interface ReadBackEvent {
  /** The server's id. */
  id: string;
  /** ISO 8601, cut to whole seconds by the server. */
  created: string | undefined;
  received: string | undefined;
  /** The current names in the log. A later event may have changed them. */
  names: { actor: string | undefined; group: string | undefined; target: string | undefined };
  /** The attributes that the log returns unchanged; `created` and the names are not among them. */
  event: AuditEvent;
}

type Pairs = { key: string; value: string }[] | null | undefined;
type Node = Record<string, unknown> & { actor?: Part; group?: Part; target?: Part; fields?: Pairs; metadata?: Pairs };
type Part = { id?: string | null; name?: string | null; type?: string | null; fields?: Pairs } | null;

/**
 * Converts a GraphQL node to an event.
 *
 * @param node a node of a search with {@link READ_BACK}
 */
export function readBack(node: unknown): ReadBackEvent {
  const { actor, group, target, fields, metadata, ...rest } = node as Node;
  const text = (name: string): string | undefined => (typeof rest[name] === 'string' && rest[name] !== '' ? rest[name] : undefined);
  const event: AuditEvent = {
    action: text('action') ?? '',
    crud: (text('crud') ?? '') as Crud,
    is_failure: rest['is_failure'] === true,
    is_anonymous: rest['is_anonymous'] === true,
  };
  assign(event, 'actor', partOf(actor));
  assign(event, 'group', partOf(group));
  assign(event, 'target', partOf(target));
  for (const name of ['source_ip', 'description', 'component', 'version', 'external_id'] as const) assign(event, name, text(name));
  assign(event, 'fields', mapOf(fields));
  assign(event, 'metadata', mapOf(metadata));
  const names = { actor: actor?.name ?? undefined, group: group?.name ?? undefined, target: target?.name ?? undefined };
  return { id: text('id') ?? '', created: text('created'), received: text('received'), names, event };
}

function partOf(part: Part | undefined): { id: string; type?: string; fields?: StringMap } | undefined {
  if (!part?.id) return undefined;
  const fields = mapOf(part.fields);
  return { id: part.id, ...(part.type && { type: part.type }), ...(fields && { fields }) };
}

/** The server returns an empty list for an absent map. An empty map is never sent, so an empty list means that the map was absent. */
function mapOf(pairs: Pairs): StringMap | undefined {
  return pairs && pairs.length > 0 ? Object.fromEntries(pairs.map(({ key, value }) => [key, value])) : undefined;
}

function assign<K extends keyof AuditEvent>(event: AuditEvent, key: K, value: AuditEvent[K] | undefined): void {
  if (value !== undefined) event[key] = value;
}
