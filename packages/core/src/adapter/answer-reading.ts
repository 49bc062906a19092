import type { AnswerFacts } from '../attempt/attempt.js';
import {
  accountInJson,
  clearsLogin,
  credentialInContent,
  credentialInCookies,
  credentialInHeader,
  type GivenCredential,
  shapeOf,
} from './answer-facts.js';
import type { LoginForm } from './login-form.js';
import type { ResponseHead } from './response-head.js';
import { isSent, type SentRequest } from './sent-text.js';

/** An answer, as far as it may be read. */
export interface ReadableAnswer {
  /** Its parsed JSON, or its text; undefined where it has none, or where it may not be read. */
  content: unknown;
  head: ResponseHead;
  request: SentRequest;
  form: LoginForm;
}

/**
 * Reads what an answer gives out, as facts: a credential that the request did not have, in its content, its cookies or its headers, and what a public shape
 * of its JSON says. Nothing of its text is kept.
 *
 * @param answer the answer
 */
export function readAnswerFacts(answer: ReadableAnswer): AnswerFacts {
  const { content, head, request, form } = answer;
  const credential = credentialIn(answer);
  const account = credential && (credential.account ?? accountInJson(content));
  const shape = shapeOf(content, form.carriesCredential);
  return {
    ...(credential && { credential: account ? { account } : {} }),
    ...(clearsLogin(head.headers('set-cookie'), request.headers.cookie) && { isTakenBack: true }),
    ...(shape !== undefined && { shape }),
  };
}

function credentialIn({ content, head, request }: ReadableAnswer): GivenCredential | undefined {
  const isKnown = (token: string): boolean => isSent(token, request);
  return (
    credentialInContent(content, isKnown) ??
    credentialInCookies(head.headers('set-cookie'), request.headers.cookie, isKnown) ??
    credentialInHeader(head.header('authorization'), isKnown) ??
    credentialInHeader(head.header('x-auth-token'), isKnown)
  );
}
