import { buildSchema, type GraphQLSchema } from 'graphql';

/** The schema of the real server, as its introspection describes it: every type, every field and every description. */
export const SCHEMA: GraphQLSchema = buildSchema(String.raw`
type Query {
  "Run an advanced search for events."
  search(
    "The <a href=/documentation/getting-started/searching-for-events/#structured-advanced-search>structured search operators</a> used to filter events."
    query: String
    "The limit of events to return, sorted from oldest to newest. It can optionally be used with the <code>after</code> argument."
    first: Int
    "A cursor returned from a previous query."
    after: String
    "The limit of events to return, sorted from newest to oldest. It can optionally be used with the <code>before</code> argument."
    last: Int
    "A cursor returned from a previous query."
    before: String
  ): SearchQueryResult
  "Run an advanced search for events."
  searchPaginated(
    "The <a href=/documentation/getting-started/searching-for-events/#structured-advanced-search>structured search operators</a> used to filter events."
    query: String
    "The number of events to skip while fetching the data. It should be used with the <code>pageLimit</code> argument."
    pageOffset: Int
    "The number of events to return per page."
    pageLimit: Int
    "A cursor to be used for limiting the search results."
    startCursor: String
    "The order in which to sort the events. It can be either ascending or descending. The default is descending."
    sortOrder: sortOrder
  ): PaginatedSearchQueryResult
  "Get event counts aggregated by action or group."
  counts(
    "action | group"
    type: String
    "The beginning of the range as ISO 8601 datetime."
    startTime: String
    "The end of the range as ISO 8601 datetime."
    endTime: String
    "Limit results to Create, Read, Update, or Delete actions. Example: \"cud\""
    crud: String
    "The limit of results to return, sorted from highest to lowest count. It can optionally be used with the <code>after</code> argument."
    first: Int
    "A cursor returned from a previous query."
    after: String
  ): CountsConnection
}
type SearchQueryResult {
  "The events and cursors matching the query."
  edges: [SearchEventEdge]
  "Indications that more search results are available."
  pageInfo: PageInfo
  "The total number of search results matched by the query."
  totalCount: Int
}
type SearchEventEdge {
  "The event object."
  node: Event
  "An opaque cursor for paginating from this point in the search results. Use it as the <code>after</code> argument to paginate forward or the <code>before</code> argument to paginate backward."
  cursor: String
}
type Event {
  "A unique id representing this event."
  id: ID
  "The type of action that was taken to generate this event."
  action: String
  "The description of the event that was taken."
  description: String
  "The group associated with this event."
  group: Group
  "The actor associated with this event."
  actor: Actor
  "The target associated with this event."
  target: Target
  "The classification of this event as create, read, update, or delete."
  crud: CRUD
  "The display text for this event."
  display: Display
  "The time that the Retraced API received this event."
  received: String
  "The time that this event was reported as performed."
  created: String
  "The created time if specified; else the received time."
  canonical_time: String
  "Set to true if the event represents a failed use of permissions."
  is_failure: Boolean
  "Set to true if the user was not logged in when performing this action."
  is_anonymous: Boolean
  "The IP address of the actor when the action was performed."
  source_ip: String
  "The country that the actor was in when the action was performed."
  country: String
  "The large area of the country the actor was in when the action was performed (State)."
  loc_subdiv1: String
  "The granular area of the country the actor was in when the action was performed (City)."
  loc_subdiv2: String
  "An identifier for the vendor app component that sent the event."
  component: String
  "An identifier for the version of the vendor app that sent the event, usually a git SHA"
  version: String
  "The set of fields associated with this event."
  fields: [Field]
  "The raw event sent to the Retraced API."
  raw: String
  "The external id associated with this event."
  external_id: String
  "The set of fields associated with this event."
  metadata: [Field]
}
type Group {
  "A unique id representing this group."
  id: ID
  "The name of this group."
  name: String
}
type Actor {
  "A unique id representing this actor."
  id: ID
  "The name of this actor."
  name: String
  "The URL associated with this actor."
  href: String
  "The set of fields associated with this actor."
  fields: [Field]
}
type Field {
  "The key for this field."
  key: String
  "The value for this field."
  value: String
}
type Target {
  "A unique id representing this target."
  id: ID
  "The name of this target."
  name: String
  "The URL associated with this target."
  href: String
  "The type of this target entity."
  type: String
  "The set of fields associated with this target."
  fields: [Field]
}
enum CRUD {
  "create"
  c
  "read"
  r
  "update"
  u
  "delete"
  d
}
type Display {
  "The Markdown formatted display text for this event."
  markdown: String
}
type PageInfo {
  "When paging forward with <code>first</code>, indicates more results are available."
  hasNextPage: Boolean
  "When paging backward with <code>last</code>, indicates more results are available."
  hasPreviousPage: Boolean
}
type PaginatedSearchQueryResult {
  "The events and cursors matching the query."
  edges: [SearchEventEdge]
  "The total number of search results matched by the query."
  totalCount: Int
}
enum sortOrder {
  "ascending"
  asc
  "descending"
  desc
}
type CountsConnection {
  "The page of requested counts"
  edges: [CountEdge]
  "Indicates whether more results are available."
  pageInfo: PageInfo
  "The number of distinct actions."
  totalCount: Int
}
type CountEdge {
  "An action or group."
  node: ActionOrGroup
  "The aggregate action count"
  count: Int
  "An opaque cursor for paginating from this point in the results. Use it as the <code>after</code> argument to paginate forward."
  cursor: String
}
union ActionOrGroup = Action | Group
type Action {
  "The action field of an event such as \"user.login\"."
  action: String
}
`);
