import { buildSchema, type ExecutionResult, graphql, GraphQLError } from 'graphql';
import { isTrue, type StringMap } from '@auditlogin/core/log';
import { CursorError, readCursor, writeCursor } from '../store/cursor.js';
import type { StoredEvent } from '../store/log-reader.js';
import type { Scope } from '../store/scope.js';
import { QueryError, readQuery } from '../store/search.js';
import type { Store } from '../store/store.js';

const schema = buildSchema(`
  type Query { search(query: String!, last: Int, before: String, first: Int, after: String): EventsConnection }
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

/** An answer of {@link answerGraphql}. */
export interface GraphqlAnswer {
  /** 200, or for an answer with errors 400; 500 if the fault is ours. */
  status: number;
  body: ExecutionResult;
}

/**
 * Answers a GraphQL query of the Publisher API as the real server does, with its losses: times are cut to whole seconds, `raw` and `href` are null, names
 * are those that are held now (Publisher API, "What can be read back"). Where the real server answers 500 to a bad query, this answers 400.
 *
 * @param store the events
 * @param scope what may be seen
 * @param source the text of the query
 * @param variables its variables
 */
export async function answerGraphql(
  store: Store,
  scope: Scope,
  source: string,
  variables: Record<string, unknown> | undefined,
): Promise<GraphqlAnswer> {
  const { data, errors } = await graphql({
    schema,
    source,
    rootValue: { search: (args: SearchArguments) => search(store, scope, args) },
    variableValues: variables ?? {},
  });
  if (!errors) return { status: 200, body: { data } };
  const isOurs = errors.some((error) => !isFromClient(error));
  return { status: isOurs ? 500 : 400, body: { errors: isOurs ? [new GraphQLError('The collector failed')] : errors, data } };
}

/** Whether an error is of the query itself, of its syntax or its arguments: only then is its message for the client. */
function isFromClient({ originalError }: GraphQLError): boolean {
  return originalError === undefined || originalError instanceof QueryError || originalError instanceof CursorError;
}

function search(store: Store, scope: Scope, { query, last, before, first, after }: SearchArguments): object {
  const isForward = typeof first === 'number';
  const size = Math.min(LARGEST_PAGE, Math.max(0, (isForward ? first : last) ?? DEFAULT_PAGE));
  const condition = readQuery(query);
  const page = store.find(scope, condition, size, isForward ? 'oldest' : 'newest', readCursor(isForward ? after : before));
  return {
    // Counting costs more than a page: it is done only for those who ask for the number.
    totalCount: () => store.count(scope, condition),
    pageInfo: { hasPreviousPage: !isForward && page.hasMore, hasNextPage: isForward && page.hasMore },
    edges: page.events.map((event) => ({ cursor: writeCursor(event), node: nodeOf(event) })),
  };
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
