import { type DocumentNode, execute, type ExecutionResult, GraphQLError, parse, specifiedRules, validate } from 'graphql';
import { CursorError, readCursor, writeCursor } from '../store/cursor.js';
import type { Scope } from '../store/scope.js';
import { QueryError, readQuery } from '../store/search.js';
import type { Store } from '../store/store.js';
import { nodeOf } from './event-node.js';
import { SCHEMA } from './graphql-schema.js';
import { oncePerType } from './once-per-type.js';

const DEFAULT_PAGE = 20;
/** The most events of a page. A longer page would keep other requests waiting. */
const LARGEST_PAGE = 1_000;
/** A query of all fields has about a hundred tokens. */
const MAX_TOKENS = 2_000;
const RULES = [...specifiedRules, oncePerType];

/** A GraphQL request. */
export interface GraphqlRequest {
  query: string;
  variables?: Record<string, unknown> | undefined;
  operationName?: string | undefined;
}

/** An answer of {@link answerGraphql}. */
export interface GraphqlAnswer {
  /** 200, or for an answer with errors 400; 500 if the fault is ours. */
  status: number;
  body: ExecutionResult;
}

/**
 * Answers a GraphQL query of the Publisher API as the real server does (Publisher API, "What can be read back"). Where the real server answers 500 to a bad
 * query, this answers 400.
 *
 * @param store the events
 * @param scope what may be seen
 * @param request the query, its variables and the name of the operation
 */
export async function answerGraphql(
  store: Store,
  scope: Scope,
  { query, variables, operationName }: GraphqlRequest,
): Promise<GraphqlAnswer> {
  const document = readDocument(query);
  if ('errors' in document) return { status: 400, body: document };
  const { errors, ...rest } = await execute({
    schema: SCHEMA,
    document,
    rootValue: {
      search: (args: SearchArguments) => search(store, scope, args),
      searchPaginated: (args: PaginatedArguments) => searchPaginated(store, scope, args),
      counts: () => {
        throw new QueryError('The collector does not count by action or group.');
      },
    },
    variableValues: withNumbers(variables),
    operationName,
  });
  if (!errors) return { status: 200, body: rest };
  const isOurs = errors.some((error) => !isFromClient(error));
  return { status: isOurs ? 500 : 400, body: { errors: isOurs ? [new GraphQLError('The collector failed')] : errors, ...rest } };
}

function readDocument(source: string): DocumentNode | { errors: readonly GraphQLError[] } {
  try {
    const document = parse(source, { maxTokens: MAX_TOKENS });
    const errors = validate(SCHEMA, document, RULES);
    return errors.length > 0 ? { errors } : document;
  } catch (thrown) {
    if (thrown instanceof GraphQLError) return { errors: [thrown] };
    throw thrown;
  }
}

/** Whether an error is of the query itself, of its syntax or its arguments: only then is its message for the client. */
function isFromClient({ originalError }: GraphQLError): boolean {
  return originalError === undefined || [GraphQLError, QueryError, CursorError].some((kind) => originalError instanceof kind);
}

/** The real server takes limits that are written as text. */
function withNumbers(variables: Record<string, unknown> = {}): Record<string, unknown> {
  const isNumber = ([name, value]: [string, unknown]): boolean =>
    (name === 'first' || name === 'last') && typeof value === 'string' && /^-?\d{1,10}$/.test(value);
  return Object.fromEntries(Object.entries(variables).map((entry) => (isNumber(entry) ? [entry[0], Number(entry[1])] : entry)));
}

interface SearchArguments {
  query?: string | null;
  last?: number | null;
  before?: string | null;
  first?: number | null;
  after?: string | null;
}

function search(store: Store, scope: Scope, { query, last, before, first, after }: SearchArguments): object {
  if (first && last) throw new QueryError('"first" and "last" exclude each other.');
  if (before && after) throw new QueryError('"before" and "after" exclude each other.');
  // "last" alone decides the direction, and 0 is no limit.
  const isBackward = Boolean(last);
  const size = pageSize(last || first);
  const condition = readQuery(query ?? '');
  const page = store.find(scope, condition, size, isBackward ? 'newest' : 'oldest', readCursor(before || after));
  // Counting costs more than a page: it is done only for those who ask for it, and once.
  let counted: number | undefined;
  const total = (): number => (counted ??= store.count(scope, condition));
  // The real server compares with all events that match, so there is always another page after the last one.
  const isMore = (): boolean => total() > page.events.length;
  return {
    totalCount: total,
    pageInfo: { hasPreviousPage: () => isBackward && isMore(), hasNextPage: () => !isBackward && isMore() },
    edges: page.events.map((event) => ({ cursor: writeCursor(event), node: nodeOf(event) })),
  };
}

interface PaginatedArguments {
  query?: string | null;
  pageOffset?: number | null;
  pageLimit?: number | null;
  startCursor?: string | null;
  sortOrder?: 'asc' | 'desc' | null;
}

function searchPaginated(store: Store, scope: Scope, { query, pageOffset, pageLimit, startCursor, sortOrder }: PaginatedArguments): object {
  const offset = pageOffset ?? 0;
  if (offset < 0) throw new QueryError('OFFSET must not be negative');
  const condition = readQuery(query ?? '');
  const order = sortOrder === 'asc' ? 'oldest' : 'newest';
  const { events } = store.find(scope, condition, pageSize(pageLimit), order, readCursor(startCursor), offset);
  const totalCount = store.count(scope, condition);
  return { totalCount, edges: events.map((event) => ({ cursor: writeCursor(event, totalCount), node: nodeOf(event) })) };
}

function pageSize(limit: number | null | undefined): number {
  const size = limit || DEFAULT_PAGE;
  if (size < 0) throw new QueryError('LIMIT must not be negative');
  return Math.min(LARGEST_PAGE, size);
}
