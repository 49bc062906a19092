import { isLoginProcedure } from '../attempt/login-routes.js';
import { property } from '../attempt/property.js';
import { pathOf } from '../attempt/route-match.js';

/** One call of a login procedure in a batch. */
export interface BatchedLogin {
  input: unknown;
  /** What the server answered to it; undefined if that cannot be told. */
  answer: unknown;
}

/**
 * Finds the calls of login procedures in a batch of tRPC (its HTTP RPC specification, "Batching"): `POST /trpc/auth.login,auth.login?batch=1`, with inputs
 * and answers by index.
 *
 * @param target the unchanged request target
 * @param body the parsed body of the request
 * @param content the parsed answer
 * @returns the calls, in order; an empty list if the request is no batch
 */
export function batchedLogins(target: string, body: unknown, content: unknown): BatchedLogin[] {
  if (!/[?&]batch=/.test(target)) return [];
  const calls = decoded(pathOf(target)).split('/').at(-1)!.toLowerCase().split(',');
  const answers = Array.isArray(content) && content.length === calls.length ? (content as unknown[]) : [];
  return calls.flatMap((call, index) => (isLoginProcedure(call) ? [{ input: property(body, String(index)), answer: answers[index] }] : []));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
