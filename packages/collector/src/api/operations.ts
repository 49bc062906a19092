import { filtersSchema } from '../store/filters.js';
import { eventsQuery, exportQuery, graphqlAddress, viewerTokenQuery } from './queries.js';
import * as schemas from './schemas.js';

/** An answer of an operation: JSON, unless it says another media type. */
interface Answer {
  description: string;
  schema?: schemas.Schema;
  mediaType?: string;
}

/** A call that the collector answers. */
export interface Operation {
  method: 'get' | 'post' | 'delete';
  /** In the notation of Express, e.g. `/publisher/v1/project/:project/event`. */
  path: string;
  tag: 'publish' | 'read' | 'view' | 'operate';
  operationId: string;
  summary: string;
  description?: string;
  /** What opens it: a publisher token, the cookie of the viewer, or the token of a session in Retraced's API for viewers. `any`: nothing is needed. */
  security: 'token' | 'session' | 'voucher' | 'any';
  /** Whether it is at the root of the server, whatever the base path is. */
  isAtRoot?: boolean;
  query?: schemas.Schema;
  body?: schemas.Schema;
  answers: Record<number, Answer>;
}

const refusal = (description: string): Answer => ({ description, schema: schemas.errorSchema });
const HOST = { 403: refusal('The `Host` header does not name this collector.') };
const TOKEN = {
  ...HOST,
  401: refusal('There is no token, or it does not open this project.'),
  429: refusal('Too many requests without a valid token came from this address.'),
};
const BAD = { 400: refusal('The event, the call or the query is wrong; nothing was stored.') };
const FOUND = {
  200: { description: 'What was found.', schema: schemas.foundSchema },
  400: { description: 'The query cannot be read or run: the `errors` of GraphQL, or an error.', schema: schemas.foundSchema },
};
const TOO_LARGE = { 413: refusal('The body is larger than 10 MiB, after inflation.') };
const SESSION = {
  401: refusal('Nobody is signed in.'),
  403: refusal('The `Host` header does not name this collector, or a page of another site asks.'),
};

const NO_READING = { 403: refusal('The `Host` header does not name this collector, or the token can only publish.') };
const VOUCHER = { ...TOKEN, 401: refusal('The token does not belong to a session.') };

const PROJECT = '/publisher/v1/project/:project';

/** Every call of the collector. The OpenAPI document is made from this list, and a test holds it against the routes of the application. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: `${PROJECT}/event`,
    tag: 'publish',
    operationId: 'createEvent',
    security: 'token',
    summary: 'Store an event',
    body: schemas.eventSchema,
    answers: { 201: { description: 'It is on disk.', schema: schemas.receiptSchema }, ...BAD, ...TOKEN, ...TOO_LARGE },
  },
  {
    method: 'post',
    path: `${PROJECT}/event/bulk`,
    tag: 'publish',
    operationId: 'createEvents',
    security: 'token',
    summary: `Store up to ${schemas.MAX_EVENTS} events, all or none`,
    body: schemas.bulkSchema,
    answers: {
      201: { description: 'They are on disk; receipts in the order of the events.', schema: schemas.receiptsSchema },
      ...BAD,
      ...TOKEN,
      ...TOO_LARGE,
    },
  },
  {
    method: 'post',
    path: `${PROJECT}/graphql`,
    tag: 'read',
    operationId: 'search',
    security: 'token',
    summary: 'Search, by GraphQL',
    description:
      '`search(query, last, before, first, after)` gives `totalCount`, `pageInfo` and `edges`. The query has the syntax `action:user.* crud:c actor.id:a,b received:2026-01-01,2026-02-01 words`.',
    body: schemas.searchSchema,
    answers: { ...FOUND, ...TOKEN, ...NO_READING, ...TOO_LARGE },
  },
  {
    method: 'post',
    path: '/publisher/v1/graphql',
    tag: 'read',
    operationId: 'searchOwnProject',
    security: 'token',
    summary: 'Search the project of the token, by GraphQL',
    body: schemas.searchSchema,
    answers: { ...FOUND, ...TOKEN, ...NO_READING, ...TOO_LARGE },
  },
  {
    method: 'get',
    path: '/publisher/v1/graphql',
    tag: 'read',
    operationId: 'searchByAddress',
    security: 'token',
    summary: 'Search the project of the token, by GraphQL in the address',
    query: graphqlAddress,
    answers: { ...FOUND, ...TOKEN, ...NO_READING },
  },
  {
    method: 'get',
    path: `${PROJECT}/viewertoken`,
    tag: 'read',
    operationId: 'createViewerToken',
    security: 'token',
    summary: 'Create a token that opens the viewer once, within five minutes, for reading only; either `group_id` or `team_id` is required',
    query: viewerTokenQuery,
    answers: { 201: { description: 'The token.', schema: schemas.tokenSchema }, ...BAD, ...TOKEN, ...NO_READING },
  },
  {
    method: 'get',
    path: `${PROJECT}/export`,
    tag: 'read',
    operationId: 'export',
    security: 'token',
    summary: 'All events that match, oldest first, as they were sent, a JSON object a line; Retraced does not have this call',
    query: filtersSchema,
    answers: {
      200: { description: 'Lines of `ExportLine`.', schema: schemas.exportSchema, mediaType: 'application/x-ndjson' },
      ...BAD,
      ...TOKEN,
      ...NO_READING,
    },
  },
  {
    method: 'post',
    path: '/viewer/v1/viewersession',
    tag: 'view',
    operationId: 'exchangeViewerToken',
    security: 'any',
    summary: "Exchange a viewer token for the token of a session in Retraced's API for viewers",
    body: schemas.viewerTokenSchema,
    answers: {
      200: { description: 'The token of the session.', schema: schemas.voucherSchema },
      ...BAD,
      ...TOKEN,
      ...TOO_LARGE,
      401: refusal('The token opens nothing.'),
    },
  },
  ...['/viewer/v1/graphql', '/viewer/v1/graphql/paginated'].flatMap((path, index): Operation[] => [
    {
      method: 'post',
      path,
      tag: 'view',
      operationId: ['viewerSearch', 'viewerSearchPaginated'][index]!,
      security: 'voucher',
      summary:
        'Search the events that the session may see, by GraphQL. This is recorded in the log, unless the address has `skipViewLogEvent`',
      body: schemas.searchSchema,
      answers: { ...FOUND, ...VOUCHER, ...TOO_LARGE },
    },
    {
      method: 'get',
      path,
      tag: 'view',
      operationId: ['viewerSearchByAddress', 'viewerSearchPaginatedByAddress'][index]!,
      security: 'voucher',
      summary: 'Search the events that the session may see, by GraphQL in the address',
      query: graphqlAddress,
      answers: { ...FOUND, ...VOUCHER },
    },
  ]),
  ...['exports', 'eitapi_tokens'].map((name): Operation => ({
    method: 'get',
    path: `/viewer/v1/project/:project/${name}`,
    tag: 'view',
    operationId: `viewer_${name}`,
    security: 'voucher',
    summary: 'An empty list, for programs of Retraced',
    answers: { 200: { description: 'An empty list.', mediaType: 'application/json' }, ...VOUCHER },
  })),
  {
    method: 'get',
    path: '/viewer/session',
    tag: 'view',
    operationId: 'session',
    security: 'session',
    summary: 'Who is signed in to the viewer, and what may be seen',
    answers: { 200: { description: 'The session.', schema: schemas.sessionSchema }, ...SESSION },
  },
  {
    method: 'post',
    path: '/viewer/session',
    tag: 'view',
    operationId: 'signIn',
    security: 'any',
    summary: 'Sign in to the viewer: a publisher token or a viewer token is exchanged for a cookie',
    body: schemas.tokenSchema,
    answers: {
      201: { description: 'The session, with its cookie.', schema: schemas.sessionSchema },
      ...SESSION,
      ...BAD,
      ...TOO_LARGE,
      401: refusal('The token opens nothing.'),
      429: TOKEN[429],
    },
  },
  {
    method: 'delete',
    path: '/viewer/session',
    tag: 'view',
    operationId: 'signOut',
    security: 'any',
    summary: 'Sign out of the viewer',
    answers: { 204: { description: 'Nobody is signed in any more.' }, 403: SESSION[403] },
  },
  {
    method: 'get',
    path: '/viewer/events',
    tag: 'view',
    operationId: 'viewEvents',
    security: 'session',
    summary: 'A page of events, newest first',
    query: eventsQuery,
    answers: { 200: { description: 'The page.', schema: schemas.pageSchema }, ...BAD, ...SESSION },
  },
  {
    method: 'get',
    path: '/viewer/timeline',
    tag: 'view',
    operationId: 'viewTimeline',
    security: 'session',
    summary: 'Attempts by outcome, in spans of equal length',
    query: filtersSchema,
    answers: { 200: { description: 'The counts.', schema: schemas.timelineSchema }, ...BAD, ...SESSION },
  },
  {
    method: 'get',
    path: '/viewer/failures',
    tag: 'view',
    operationId: 'viewFailures',
    security: 'session',
    summary: 'Who failed most within the last hour, by address and by account',
    answers: { 200: { description: 'The counts.', schema: schemas.failuresSchema }, ...SESSION },
  },
  {
    method: 'get',
    path: '/viewer/live',
    tag: 'view',
    operationId: 'follow',
    security: 'session',
    summary: 'Follow the log, by server-sent events',
    query: filtersSchema,
    answers: {
      200: { description: '`arrivals` with a list of events, and whether there were more.', mediaType: 'text/event-stream' },
      ...BAD,
      ...SESSION,
      429: refusal('Too many pages of this session follow the log.'),
    },
  },
  {
    method: 'get',
    path: '/viewer/export',
    tag: 'view',
    operationId: 'viewExport',
    security: 'session',
    summary: 'All events that match, as a file',
    query: exportQuery,
    answers: {
      200: { description: 'The file: JSON, lines of JSON, or CSV.', schema: schemas.exportsSchema },
      ...BAD,
      ...SESSION,
    },
  },
  {
    method: 'get',
    path: '/',
    tag: 'view',
    operationId: 'viewer',
    security: 'any',
    summary: 'The page of the viewer',
    answers: {
      200: { description: 'The page.', mediaType: 'text/html' },
      308: { description: 'To the same address with a slash.' },
      ...HOST,
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    tag: 'operate',
    operationId: 'openapi',
    security: 'any',
    summary: 'This document',
    answers: { 200: { description: 'An OpenAPI document.', mediaType: 'application/json' }, ...HOST },
  },
  {
    method: 'get',
    path: '/healthz',
    tag: 'operate',
    operationId: 'health',
    security: 'any',
    isAtRoot: true,
    summary: 'Whether the collector can read its database',
    answers: {
      200: { description: 'It can.', schema: schemas.healthSchema },
      503: { description: 'It cannot.', schema: schemas.healthSchema },
    },
  },
  {
    method: 'get',
    path: '/metrics',
    tag: 'operate',
    operationId: 'metrics',
    security: 'token',
    isAtRoot: true,
    summary: 'Numbers for Prometheus; on loopback without a token',
    answers: {
      200: { description: 'The numbers.', mediaType: 'text/plain' },
      401: refusal('There is no valid token, and the collector listens beyond loopback.'),
      ...HOST,
    },
  },
];
