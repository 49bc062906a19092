import type { Request, Response } from 'express';
import * as v from 'valibot';
import type { Scope } from '../store/scope.js';
import type { Store } from '../store/store.js';
import { refuse } from './errors.js';
import { answerGraphql } from './graphql.js';
import { searchSchema } from './schemas.js';

/**
 * Answers a GraphQL request.
 *
 * @param store the events
 * @param scope what may be seen
 * @param body the body of the request, of any kind
 * @param response the response
 * @param record called after the search and before its answer is sent
 */
export async function sendGraphql(
  store: Store,
  scope: Scope,
  body: unknown,
  response: Response,
  record?: () => Promise<void>,
): Promise<void> {
  const { success, output, issues } = v.safeParse(searchSchema, body);
  if (!success) return refuse(response, { status: 400, error: `"${v.getDotPath(issues[0]) ?? 'body'}": ${issues[0].message}` });
  const answer = await answerGraphql(store, scope, output);
  await record?.();
  response.status(answer.status).json(answer.body);
}

/**
 * Reads a GraphQL request from the address of a GET.
 *
 * @param query the parsed query of the address
 * @returns the request, in the form of a body
 */
export function graphqlQuery({ query, variables, operationName }: Request['query']): object {
  return {
    query,
    ...(typeof variables === 'string' && { variables: parsed(variables) }),
    ...(operationName !== undefined && { operationName }),
  };
}

/** Text that is no JSON is refused like any other value that is no object. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
