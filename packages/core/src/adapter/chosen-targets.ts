import type { IncomingHttpHeaders } from 'node:http';
import { isPasswordField } from '../attempt/password-fields.js';
import { bodyTexts } from '../attempt/request-body.js';
import { headerOf } from './response-head.js';

const MAX_TARGET = 2_048;

/**
 * Collects what a client may have chosen as the target of a redirect: any text of the body but a password, any cookie, and the page that it came from. They
 * are only compared with the target.
 *
 * @param body the parsed body
 * @param headers the headers of the request
 */
export function chosenTargets(body: unknown, headers: IncomingHttpHeaders): string[] {
  const typed = bodyTexts(body).parts.flatMap((part) => [...part].filter(([name]) => !isPasswordField(name)).map(([, text]) => text));
  const cookies = (headers.cookie ?? '').split(';').map((pair) => decoded(pair.slice(pair.indexOf('=') + 1).trim()));
  return [...typed, ...cookies, headerOf(headers, 'referer') ?? '']
    .map((text) => text.slice(0, MAX_TARGET))
    .filter((text) => text !== '' && !/\s/.test(text));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
