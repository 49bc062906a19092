import { AuditError } from '../errors.js';
import { READ_BACK, readBack, type ReadBackEvent } from './read-back.js';

/** The log, and the part of it to read. */
export interface ReadLogOptions {
  apiBase: string;
  project: string;
  token: string;
  /** A query in the API's search syntax; an empty one selects all events. */
  query: string;
  /** How long to wait for a page, in milliseconds. */
  timeout: number;
  /** Called after every page. */
  progress?: (read: number, total: number) => void;
}

const EVENTS_PER_PAGE = 500;
const SEARCH = `query ($query: String!, $last: Int!, $before: String) { search(query: $query, last: $last, before: $before) {
  totalCount edges { cursor node { ${READ_BACK} } } } }`;

interface Page {
  totalCount: number;
  edges: { cursor: string; node: unknown }[];
}

/**
 * Reads a log back through GraphQL, page by page, newest first.
 *
 * @param options the log and the query
 * @throws AuditError `ERR_AUDIT_CONNECTION`, `ERR_AUDIT_UNAUTHORIZED`, `ERR_AUDIT_NOT_FOUND` or `ERR_AUDIT_SERVER`
 */
export async function* logPages({ progress, query, ...where }: ReadLogOptions): AsyncGenerator<ReadBackEvent[]> {
  let count = 0;
  let before: string | undefined;
  for (;;) {
    const { totalCount, edges } = await readPage(where, { query, last: EVENTS_PER_PAGE, ...(before !== undefined && { before }) });
    if (edges.length === 0) return;
    count += edges.length;
    progress?.(count, Math.max(totalCount, count));
    yield edges.map(({ node }) => readBack(node));
    // Servers differ in the order within a page. The next page lies before the oldest event of this one.
    const next = [edges[0]!, edges.at(-1)!].reduce((a, b) => (timeOf(a.node) <= timeOf(b.node) ? a : b)).cursor;
    if (edges.length < EVENTS_PER_PAGE || next === before) return;
    before = next;
  }
}

/**
 * Reads all events of a log that match the query.
 *
 * @param options the log and the query
 * @throws AuditError as {@link logPages}
 */
export async function readLog(options: ReadLogOptions): Promise<ReadBackEvent[]> {
  const events: ReadBackEvent[] = [];
  for await (const page of logPages(options)) events.push(...page);
  return events;
}

function timeOf(node: unknown): string {
  const { created, received } = node as { created?: string | null; received?: string | null };
  return created ?? received ?? '';
}

async function readPage(
  { apiBase, project, token, timeout }: Omit<ReadLogOptions, 'query' | 'progress'>,
  variables: object,
): Promise<Page> {
  const url = `${apiBase.replace(/\/+$/, '')}/publisher/v1/project/${encodeURIComponent(project)}/graphql`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Token token=${token}`, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: SEARCH, variables }),
      signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch (thrown) {
    // The client's own error is not attached: it may contain the request and with it the token.
    const kind = thrown instanceof Error ? ((thrown.cause as { code?: string } | undefined)?.code ?? thrown.name) : 'unknown';
    throw new AuditError('ERR_AUDIT_CONNECTION', `The log at ${apiBase} could not be read (${kind}).`);
  }
  const page = pageIn(text);
  if (response.ok && page) return page;
  const code =
    response.status === 401 || response.status === 403
      ? 'ERR_AUDIT_UNAUTHORIZED'
      : response.status === 404
        ? 'ERR_AUDIT_NOT_FOUND'
        : 'ERR_AUDIT_SERVER';
  const reason = text.replaceAll(token, '[token]').slice(0, 300);
  throw new AuditError(code, `The server answered ${response.status} to a search: ${JSON.stringify(reason)}`, { status: response.status });
}

function pageIn(text: string): Page | undefined {
  try {
    const { data } = JSON.parse(text) as { data?: { search?: Page } };
    return Array.isArray(data?.search?.edges) ? data.search : undefined;
  } catch {
    return undefined;
  }
}
