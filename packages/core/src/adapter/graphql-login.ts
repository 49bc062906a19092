import { hash } from 'node:crypto';
import { type Account, accountOf } from '../attempt/account.js';
import { type ActorInput, type GroupInput, type OutcomeKind, type Reason, REASONS } from '../attempt/attempt.js';
import { property } from '../attempt/property.js';
import { credentialInContent, credentialInHeader, shapeOf } from './answer-facts.js';
import { argumentsOf, collectField, type GraphqlDocument, isDocument, namedByField, type RequestedField } from './graphql-document.js';
import { readLoginForm } from './login-form.js';

/** How {@link graphqlLogin} reads a login field. */
export interface GraphqlLoginOptions {
  /** The field that logs in, or several; a path for a nested one, e.g. `login`, `auth.login`. */
  field: string | readonly string[];
  /** `parse` of the `graphql` package that the server uses. */
  parse: (source: string, options?: { maxTokens?: number; noLocation?: boolean }) => GraphqlDocument;
  /**
   * Judges what the field returned, under the names of the schema, not the aliases of the client; what the client did not select is not there.
   *
   * @default a token, an account or `true` is a success; `null`, `false`, `{success: false}`, `{errors: […]}` and a type named `…Error` a failure
   */
  success?: (data: unknown) => boolean | 'challenge' | undefined;
  /** The account, from what the field returned. @default the `id`, `_id`, `userId` or `uid` beside the token, or in `user`, `account`, `viewer` or `me` */
  actor?: (data: unknown) => ActorInput | null | undefined;
  /**
   * The text of a persisted document by its id; `'trusted'` where the server runs only documents that the application wrote. Otherwise a client
   * may have registered a document whose aliases look like a success, so that a request without a text proves none.
   */
  documents?: 'trusted' | ((id: string) => string | undefined);
}

/** One attempt in a GraphQL request. */
export interface GraphqlVerdict {
  outcome: OutcomeKind;
  reason?: Reason;
  actor?: ActorInput;
  group?: GroupInput;
  /** The user name that the field was asked with. */
  identity?: string;
}

/** What a {@link graphqlLogin} rule sees of an exchange. */
export interface GraphqlExchange {
  body: unknown;
  /** The parameters of the URL's query, by which a GET brings its document. */
  query?: Readonly<Record<string, string>>;
  responseBody: unknown;
  status: number | undefined;
}

const MAX_TOKENS = 100_000;
const MAX_TEXT = 1_000_000;
const MAX_REMEMBERED = 1000;
const OWNER_NAMES = ['user', 'account', 'viewer', 'me'] as const;
const OWNER_IDS = ['id', '_id', 'userId', 'uid', 'uuid'] as const;
const FAILURE_TYPE = /(?:error|failure|failed|denied|rejected|invalid\w*)$/i;

/**
 * An `outcome` rule for a GraphQL endpoint. One request is as many attempts as it asks for the login field: under aliases, in fragments, in a
 * batch. Each is judged by its own data and errors, so one right guess among nine wrong ones is one success and nine failures.
 *
 * The server's own `parse` is handed in: a parser of ours might read a document otherwise than the server does, and then a client could hide a
 * guess from the log that the server answers. It costs no dependency, since every GraphQL server brings `graphql`.
 *
 * @param options the field, the parser, and how the application tells a success
 * @returns the rule: a verdict for each attempt, or `skip` for a request that does not ask for the field
 */
export function graphqlLogin(options: GraphqlLoginOptions): (exchange: GraphqlExchange) => readonly GraphqlVerdict[] | 'skip' {
  const fields = [options.field].flat().map((field) => field.split('.'));
  const remembered = new Map<string, GraphqlDocument>();
  return ({ body, query = {}, responseBody, status }) => {
    const operations = operationsIn(body);
    const rule = { options, fields, remembered };
    const verdicts = operations.flatMap((operation, i) => {
      const answer = operations.length === 1 && !Array.isArray(responseBody) ? responseBody : answerAt(responseBody, i);
      return judgeOperation(operation, answer, status, rule);
    });
    if (verdicts.length === 0) {
      verdicts.push(...operationInQuery(query).flatMap((operation) => judgeOperation(operation, responseBody, status, rule)));
    }
    return verdicts.length === 0 ? 'skip' : verdicts;
  };
}

interface Rule {
  options: GraphqlLoginOptions;
  fields: readonly (readonly string[])[];
  /** Documents that ask for the field and were registered under their hash (automatic persisted queries). */
  remembered: Map<string, GraphqlDocument>;
}

/** One operation of a request: its text, or the id of a document that the server knows. */
interface Operation {
  text?: string;
  name?: string;
  /** SHA-256 of the text, or whatever the server calls the document. */
  id?: string;
  variables: unknown;
}

function operationsIn(body: unknown): Operation[] {
  if (typeof body === 'string') return [{ text: body, variables: undefined }];
  const upload = property(body, 'operations');
  const requests = typeof upload === 'string' ? parsedJson(upload) : body;
  return [requests].flat().map(operationIn);
}

function operationIn(request: unknown): Operation {
  const text = property(request, 'query');
  const name = property(request, 'operationName');
  const persisted = property(property(request, 'extensions'), 'persistedQuery');
  const ids = [property(persisted, 'sha256Hash'), ...['documentId', 'doc_id', 'id', 'queryId'].map((key) => property(request, key))];
  const id = ids.find((value) => typeof value === 'string');
  return {
    ...(typeof text === 'string' && text !== '' && { text }),
    ...(typeof name === 'string' && name !== '' && { name }),
    ...(typeof id === 'string' && { id }),
    variables: property(request, 'variables'),
  };
}

/** A GET brings its variables and extensions as JSON (GraphQL over HTTP, "GET"). */
function operationInQuery(query: Readonly<Record<string, string>>): Operation[] {
  const [variables, extensions] = ['variables', 'extensions'].map((name) => parsedJson(query[name] ?? ''));
  const operation = operationIn({ ...query, variables, extensions });
  return operation.text === undefined && operation.id === undefined ? [] : [operation];
}

/** The answer to one operation of a batch; one that is for all of them can only be a refusal. */
function answerAt(answers: unknown, index: number): unknown {
  if (Array.isArray(answers)) return (answers as unknown[])[index];
  return property(answers, 'data') === undefined ? answers : undefined;
}

function judgeOperation(operation: Operation, answer: unknown, status: number | undefined, rule: Rule): GraphqlVerdict[] {
  if (operation.text === undefined && isForgotten(answer)) return [];
  const documents = documentsOf(operation, rule);
  if (documents.length === 0) return judgeByKeys(answer, status, rule).map((verdict) => withIdentity(verdict, operation.variables));
  const readable = documents.filter((document) => document !== 'unreadable');
  if (readable.length === 0) {
    return rule.fields.some((path) => operation.text!.includes(path.at(-1)!)) ? [refusal(answer, status)] : [];
  }
  // If there are two documents, the names of the answer tell which one ran.
  const asked = new Map<string, RequestedField>();
  for (const document of readable) {
    for (const field of rule.fields.flatMap((path) => collectField(document, operation.name, path))) {
      if (!asked.has(JSON.stringify(field.keys))) asked.set(JSON.stringify(field.keys), field);
    }
  }
  return [...asked.values()].flatMap((field) => {
    const verdict = judgeField(field, answer, status, rule.options);
    return verdict === undefined ? [] : [withIdentity(verdict, argumentsOf(field, operation.variables))];
  });
}

/** Each attempt of a request has its own user name, which may stand in the document itself. */
function withIdentity(verdict: GraphqlVerdict, typed: unknown): GraphqlVerdict {
  const { identity, identityIsPassword } = readLoginForm(typed);
  return identity === undefined || identityIsPassword ? verdict : { ...verdict, identity };
}

/** The server asks for the text of a persisted document; the client sends it in its next request, which is the attempt. */
function isForgotten(answer: unknown): boolean {
  const [error] = errorsOf(answer);
  const code = property(property(error, 'extensions'), 'code');
  return code === 'PERSISTED_QUERY_NOT_FOUND' || property(error, 'message') === 'PersistedQueryNotFound';
}

/**
 * The documents that the server may have run: the text of the request, and the one that its id stands for. A client may send both, and servers differ in
 * which one they run.
 */
function documentsOf({ text, id }: Operation, rule: Rule): (GraphqlDocument | 'unreadable')[] {
  const { options, remembered } = rule;
  const known = id === undefined ? undefined : remembered.get(id);
  // Mercurius sends the hash in place of the text.
  const stored = lookUp(options.documents, id) ?? lookUp(options.documents, text);
  const read = [...new Set([text, stored])].map((source) => (source === undefined ? undefined : readDocument(source, id, rule)));
  return [...new Set([...read, known])].filter((document) => document !== undefined);
}

function readDocument(
  source: string,
  id: string | undefined,
  { options, fields, remembered }: Rule,
): GraphqlDocument | 'unreadable' | undefined {
  const document = parsed(source, options.parse);
  if (document === undefined) return /[{]/.test(source) ? 'unreadable' : undefined;
  const isLogin = fields.some((path) => collectField(document, undefined, path).length > 0);
  if (isLogin && id !== undefined && !remembered.has(id) && hash('sha256', source) === id) remember(remembered, id, document);
  return document;
}

function lookUp(documents: GraphqlLoginOptions['documents'], key: string | undefined): string | undefined {
  return typeof documents === 'function' && key !== undefined ? documents(key) : undefined;
}

function remember(documents: Map<string, GraphqlDocument>, id: string, document: GraphqlDocument): void {
  if (documents.size >= MAX_REMEMBERED) documents.delete(documents.keys().next().value!);
  documents.set(id, document);
}

function parsed(text: string, parse: GraphqlLoginOptions['parse']): GraphqlDocument | undefined {
  if (text.length > MAX_TEXT) return undefined;
  try {
    const document: unknown = parse(text, { maxTokens: MAX_TOKENS, noLocation: true });
    return isDocument(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Without a text only the answer tells. Its names are the client's unless the server runs none but the application's documents, so they prove a
 * failure, and a success only there.
 */
function judgeByKeys(answer: unknown, status: number | undefined, { options, fields }: Rule): GraphqlVerdict[] {
  const isTrusted = options.documents === 'trusted';
  const verdicts = fields
    .filter((path) => isAnswered(answer, path))
    .map((path) => judgeField({ keys: path, arguments: [], selections: undefined, fragments: new Map() }, answer, status, options))
    .filter((verdict) => verdict !== undefined)
    .map((verdict): GraphqlVerdict => (isTrusted || verdict.outcome === 'failure' ? verdict : { outcome: 'unknown' }));
  if (verdicts.length > 0 || isTrusted) return verdicts;
  return credentialInContent(property(answer, 'data'), () => false) === undefined ? [] : [{ outcome: 'unknown' }];
}

function isAnswered(answer: unknown, path: readonly string[]): boolean {
  return valueAt(property(answer, 'data'), path) !== undefined || errorsOf(answer).some((error) => pathStartsWith(error, path));
}

/** Judges one attempt; undefined where the server did not execute the field (`@skip`, `@include`). */
function judgeField(
  field: RequestedField,
  answer: unknown,
  status: number | undefined,
  options: GraphqlLoginOptions,
): GraphqlVerdict | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return refusal(answer, status);
  const errors = errorsOf(answer);
  const value = valueAt(property(answer, 'data'), field.keys);
  const own = errors.find((error) => pathStartsWith(error, field.keys));
  if (value !== undefined && value !== null) return judgeValue(namedByField(value, field), options);
  if (own !== undefined) return failure(own);
  if (value === null) return { outcome: 'failure' };
  return judgeAbsent(answer, errors);
}

function judgeAbsent(answer: object, errors: readonly unknown[]): GraphqlVerdict | undefined {
  const data = property(answer, 'data');
  // A fault elsewhere emptied the whole answer (GraphQL, section 6.4.4), or the rest comes later: what this field returned is not known.
  if (property(answer, 'hasNext') === true || errors.some((error) => property(error, 'path') !== undefined)) return { outcome: 'unknown' };
  if (errors.length > 0) return failure(errors[0]);
  return typeof data === 'object' && data !== null ? undefined : { outcome: 'unknown' };
}

function judgeValue(data: unknown, options: GraphqlLoginOptions): GraphqlVerdict {
  try {
    const account = accountIn(data);
    const said = options.success ? options.success(data) : usualMeaning(data, account !== undefined);
    if (said === undefined) return { outcome: 'unknown' };
    if (said === 'challenge') return { outcome: 'challenge' };
    return said ? success(account, options.actor?.(data)) : { outcome: 'failure' };
  } catch {
    return { outcome: 'unknown' };
  }
}

function success(account: Account | undefined, named: ActorInput | null | undefined): GraphqlVerdict {
  const actor = named ?? (account && { id: account.id, ...(account.name !== undefined && { name: account.name }) });
  return { outcome: 'success', ...(actor !== undefined && { actor }), ...(account?.group !== undefined && { group: account.group }) };
}

function usualMeaning(data: unknown, namesAccount: boolean): boolean | 'challenge' | undefined {
  if (typeof data === 'boolean') return data;
  if (typeof data === 'string') return credentialInHeader(data, () => false) === undefined ? undefined : true;
  const shape = namesFailure(data) ? 'failure' : shapeOf(data, true);
  if (shape === 'contradiction') return undefined;
  if (shape !== undefined) return shape === 'challenge' ? 'challenge' : shape === 'success';
  return namesAccount || credentialInContent(data, () => false) !== undefined ? true : undefined;
}

function namesFailure(data: unknown): boolean {
  const type = property(data, '__typename');
  const faults = property(data, 'userErrors');
  return (typeof type === 'string' && FAILURE_TYPE.test(type)) || (Array.isArray(faults) && faults.length > 0);
}

function accountIn(data: unknown): Account | undefined {
  const owners = OWNER_NAMES.map((name) => property(data, name)).filter((owner) => typeof owner === 'object' && owner !== null);
  for (const owner of [...owners, data]) {
    if (typeof owner === 'object' && owner !== null && OWNER_IDS.some((key) => property(owner, key) !== undefined)) {
      const account = accountOf(owner, OWNER_IDS);
      if (account !== undefined) return account;
    }
  }
  return credentialInContent(data, () => false)?.account;
}

/** An answer that cannot be read proves nothing, except by a status that refuses. */
function refusal(answer: unknown, status: number | undefined): GraphqlVerdict {
  const [error] = errorsOf(answer);
  if (error !== undefined && property(answer, 'data') === undefined) return failure(error);
  return { outcome: status !== undefined && status >= 400 ? 'failure' : 'unknown' };
}

/** A code of the server that is one of our reasons (`ACCOUNT_LOCKED`) is the reason. */
function failure(error: unknown): GraphqlVerdict {
  const code = property(property(error, 'extensions'), 'code');
  const word = typeof code === 'string' ? code.toLowerCase() : '';
  const reason = word === 'unauthenticated' ? 'invalid_credentials' : REASONS.find((known) => known === word);
  return { outcome: 'failure', ...(reason !== undefined && { reason }) };
}

function errorsOf(answer: unknown): readonly unknown[] {
  const errors = property(answer, 'errors');
  return Array.isArray(errors) ? (errors as unknown[]) : [];
}

function pathStartsWith(error: unknown, keys: readonly string[]): boolean {
  const path = property(error, 'path');
  return Array.isArray(path) && keys.every((key, i) => path[i] === key);
}

function valueAt(data: unknown, keys: readonly string[]): unknown {
  let value = data;
  for (const key of keys) {
    if (value === null) return undefined;
    value = Object.hasOwn(Object(value) as object, key) ? property(value, key) : undefined;
  }
  return value;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
