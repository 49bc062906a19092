import { buildSchema, graphql, GraphQLError, type ExecutionResult } from 'graphql';
import { isTrue, type StringMap } from '@auditlogin/core/log';
import type { Scope } from '../access/scope.js';
import { QueryError, readQuery } from '../store/search.js';
import type { Cursor, Store, StoredEvent } from '../store/store.js';

const schema = buildSchema(`
  type Query { search(query: String!, last: Int, before: String, first: Int, after: String): EventsConnection! }
  type EventsConnection { totalCount: Int!, pageInfo: PageInfo!, edges: [EventEdge!]! }
  type PageInfo { hasPreviousPage: Boolean!, hasNextPage: Boolean! }
  type EventEdge { cursor: String!, node: Event! }
  type Pair { key: String!, value: String! }
  type Actor { id: String, name: String, href: String, fields: [Pair!] }
  type Group { id: String, name: String }
  type Target { id: String, name: String, href: String, type: String, fields: [Pair!] }
  type Display { markdown: String }
  type Event {
    id: String!, action: String!, crud: String!, description: String, actor: Actor, group: Group, target: Target, display: Display,
    received: String!, created: String, canonical_time: String!, is_failure: Boolean!, is_anonymous: Boolean!, source_ip: String,
    country: String, loc_subdiv1: String, loc_subdiv2: String, component: String, version: String, fields: [Pair!],
    external_id: String, metadata: [Pair!], raw: String
  }
`);

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 1000;

interface SearchArguments {
  query: string;
  last?: number | null;
  before?: string | null;
  first?: number | null;
  after?: string | null;
}

/**
 * Answers a GraphQL query of the Publisher API as the real server does, with its losses: times cut to whole seconds, no `raw`, no `href`,
 * names as they are held now (Publisher API, "What can be read back").
 *
 * @param store the events
 * @param scope what may be seen
 * @param source the query's text
 * @param variables its variables
 */
export function answerGraphql(
  store: Store,
  scope: Scope,
  source: string,
  variables: Record<string, unknown> | undefined,
): Promise<ExecutionResult> {
  return graphql({
    schema,
    source,
    rootValue: { search: (args: SearchArguments) => search(store, scope, args) },
    variableValues: variables ?? {},
  });
}

function search(store: Store, scope: Scope, { query, last, before, first, after }: SearchArguments): object {
  const oldestFirst = typeof first === 'number';
  const size = Math.min(LARGEST_PAGE, Math.max(0, (oldestFirst ? first : last) ?? DEFAULT_PAGE));
  const from = readCursor(oldestFirst ? after : before);
  const condition = conditionOf(query);
  const page = store.find(scope, condition, size, oldestFirst ? 'oldest' : 'newest', from);
  return {
    // Counting costs more than a page: only who asks for it waits for it.
    totalCount: () => store.count(scope, condition),
    pageInfo: { hasPreviousPage: !oldestFirst && page.hasMore, hasNextPage: oldestFirst && page.hasMore },
    edges: page.events.map((event) => ({ cursor: writeCursor(event), node: nodeOf(event) })),
  };
}

function conditionOf(query: string): ReturnType<typeof readQuery> {
  try {
    return readQuery(query);
  } catch (thrown) {
    throw thrown instanceof QueryError ? new GraphQLError(thrown.message) : thrown;
  }
}

/**
 * The text of a cursor behind an event.
 *
 * @param event the event
 */
export function writeCursor({ canonicalTime, seq }: Cursor): string {
  return Buffer.from(`${canonicalTime},${seq}`).toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @param cursor the text; an empty one is none
 * @throws GraphQLError when it is no cursor of ours
 */
export function readCursor(cursor: string | null | undefined): Cursor | undefined {
  if (!cursor) return undefined;
  const match = /^(-?\d{1,16}),(\d{1,15})$/.exec(Buffer.from(cursor.slice(0, 256), 'base64url').toString('latin1'));
  if (!match) throw new GraphQLError('The cursor is not one of this server.');
  return { canonicalTime: Number(match[1]), seq: Number(match[2]) };
}

function nodeOf({ id, received, created, canonicalTime, event, names }: StoredEvent): object {
  const { actor, group, target } = event;
  return {
    ...event,
    id,
    actor: actor && { id: actor.id, name: names.actor, href: null, fields: pairsOf(actor.fields) },
    group: group && { id: group.id, name: names.group },
    target: target && { id: target.id, name: names.target, href: null, type: target.type, fields: pairsOf(target.fields) },
    display: null,
    received: seconds(received),
    created: created === undefined ? null : seconds(created),
    canonical_time: seconds(canonicalTime),
    is_failure: isTrue(event.is_failure),
    is_anonymous: isTrue(event.is_anonymous),
    fields: pairsOf(event.fields),
    metadata: pairsOf(event.metadata),
    raw: null,
  };
}

function pairsOf(map: StringMap | undefined): { key: string; value: string }[] | null {
  return map ? Object.keys(map).map((key) => ({ key, value: String(map[key]) })) : null;
}

function seconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
