import { AuditError } from '../errors.js';
import { fetchByProxy, type FetchedResponse } from './proxy.js';
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
/** The longest page that is read, in bytes: twice the largest body that the server takes. A longer page is asked for again in halves. */
const MAX_PAGE = 20_971_520;
/** How many more events than the first page announced may come: they were stored while the log was read. */
const MOST_ARRIVALS = 10_000;
const SEARCH = `query ($query: String!, $last: Int!, $before: String) { search(query: $query, last: $last, before: $before) {
  totalCount edges { cursor node { ${READ_BACK} } } } }`;

interface Page {
  totalCount: number;
  edges: { cursor: string; node: unknown }[];
}

/** The answer to a search was longer than {@link MAX_PAGE}. */
class PageTooLong extends Error {}

/**
 * Reads a log back through GraphQL, page by page, newest first. The cursor of the next page is that of the last edge, since events of one second are
 * not in the order of their times. `hasNextPage` is ignored, since it is true even after the last page (Publisher API, "What can be read back").
 *
 * @param options the log and the query
 * @throws AuditError `ERR_AUDIT_CONNECTION`, `ERR_AUDIT_UNAUTHORIZED`, `ERR_AUDIT_NOT_FOUND` or `ERR_AUDIT_SERVER`
 */
export async function* logPages({ progress, query, ...where }: ReadLogOptions): AsyncGenerator<ReadBackEvent[]> {
  const bound = new ReadBound();
  let last = EVENTS_PER_PAGE;
  let before: string | undefined;
  for (;;) {
    let page: Page;
    try {
      page = await readPage(where, { query, last, ...(before !== undefined && { before }) });
    } catch (thrown) {
      if (!(thrown instanceof PageTooLong)) throw thrown;
      if (last === 1)
        throw new AuditError('ERR_AUDIT_SERVER', `The server answered a search for one event with more than ${MAX_PAGE} bytes.`);
      last = Math.ceil(last / 2);
      continue;
    }
    const { totalCount, edges } = page;
    if (edges.length === 0) return;
    const events = edges.map(({ node }) => readBack(node));
    const count = bound.add(events, totalCount);
    progress?.(count, Math.max(totalCount, count));
    yield events;
    if (edges.length < last && count >= totalCount) return;
    before = edges.at(-1)!.cursor;
  }
}

/** Stops reading a log whose pages never end. */
class ReadBound {
  private count = 0;
  private announced: number | undefined;
  /** Ids of the first page and of the latest one: a log that repeats itself starts again with one of them. */
  private first: ReadonlySet<string> | undefined;
  private latest: ReadonlySet<string> = new Set();

  /**
   * Counts the events of a page.
   *
   * @param events the page
   * @param totalCount the number of events that the log announced with it
   * @returns the number of events that were read so far
   * @throws AuditError `ERR_AUDIT_SERVER` if the log repeats its events, or gives far more than it announced
   */
  add(events: readonly ReadBackEvent[], totalCount: number): number {
    const isRepeated = events.some(({ id }) => this.latest.has(id) || this.first?.has(id));
    if (isRepeated) throw new AuditError('ERR_AUDIT_SERVER', 'The server answers a search with events of an earlier page, without an end.');
    this.latest = new Set(events.map(({ id }) => id));
    this.first ??= this.latest;
    this.announced ??= totalCount;
    this.count += events.length;
    if (this.count > 2 * this.announced + MOST_ARRIVALS) {
      throw new AuditError(
        'ERR_AUDIT_SERVER',
        `The server announced ${this.announced} events for a search and has given ${this.count}, without an end.`,
      );
    }
    return this.count;
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

async function readPage(
  { apiBase, project, token, timeout }: Omit<ReadLogOptions, 'query' | 'progress'>,
  variables: object,
): Promise<Page> {
  const url = `${apiBase.replace(/\/+$/, '')}/publisher/v1/project/${encodeURIComponent(project)}/graphql`;
  let response: FetchedResponse;
  let text: string;
  try {
    response = await fetchByProxy(url, {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Token token=${token}`, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: SEARCH, variables }),
      signal: AbortSignal.timeout(timeout),
    });
    text = await textOf(response);
  } catch (thrown) {
    if (thrown instanceof PageTooLong) throw thrown;
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

/** @throws PageTooLong */
async function textOf(response: FetchedResponse): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > MAX_PAGE) throw new PageTooLong();
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function pageIn(text: string): Page | undefined {
  try {
    const { data } = JSON.parse(text) as { data?: { search?: Page } };
    const search = data?.search;
    return Array.isArray(search?.edges) && Number.isSafeInteger(search.totalCount) && search.edges.every(isEdge) ? search : undefined;
  } catch {
    return undefined;
  }
}

function isEdge(edge: unknown): boolean {
  const { cursor, node } = (edge ?? {}) as { cursor?: unknown; node?: unknown };
  return typeof cursor === 'string' && typeof node === 'object' && node !== null;
}
