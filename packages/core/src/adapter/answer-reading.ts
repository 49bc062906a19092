import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerFacts } from '../attempt/attempt.js';
import { bodyTexts } from '../attempt/request-body.js';
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

/** An answer, as far as it may be read. */
export interface ReadableAnswer {
  /** Its parsed JSON, or its text; undefined where it has none, or where it may not be read. */
  content: unknown;
  head: ResponseHead;
  /** The headers of the request. */
  headers: IncomingHttpHeaders;
  /** The parsed body of the request. */
  body: unknown;
  form: LoginForm;
}

/**
 * Reads what an answer gives out, as facts: a credential that the request did not have, in its content, its cookies or its headers, and what a public shape
 * of its JSON says. Nothing of its text is kept.
 *
 * @param answer the answer
 */
export function readAnswerFacts(answer: ReadableAnswer): AnswerFacts {
  const { content, head, headers, form } = answer;
  const credential = credentialIn(answer);
  const account = credential && (credential.account ?? accountInJson(content));
  const shape = shapeOf(content, form.carriesCredential);
  return {
    ...(credential && { credential: account ? { account } : {} }),
    ...(clearsLogin(head.headers('set-cookie'), headers.cookie) && { isTakenBack: true }),
    ...(shape !== undefined && { shape }),
  };
}

function credentialIn({ content, head, headers, body }: ReadableAnswer): GivenCredential | undefined {
  const brought = `${headers.authorization ?? ''} ${headers.cookie ?? ''} ${String(headers['x-auth-token'] ?? '')}`;
  const isKnown = (token: string): boolean => brought.includes(token) || isSent(body, token);
  return (
    credentialInContent(content, isKnown) ??
    credentialInCookies(head.headers('set-cookie'), headers.cookie) ??
    credentialInHeader(head.header('authorization'), isKnown) ??
    credentialInHeader(head.header('x-auth-token'), isKnown)
  );
}

function isSent(body: unknown, token: string): boolean {
  return bodyTexts(body).parts.some((part) => [...part.values()].includes(token));
}
