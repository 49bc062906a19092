import express, { type Request, type RequestHandler } from 'express';

const MAX_BODY = '10mb';
/** Deeper than any event. Code that walks through a value runs out of stack at some depth. */
const MAX_DEPTH = 100;
const [QUOTE, BACKSLASH] = ['"', '\\'].map((sign) => sign.charCodeAt(0));
const [OPENING, CLOSING] = ['[{', ']}'].map((signs) => new Set([...signs].map((sign) => sign.charCodeAt(0))));

/** Reads JSON bodies of up to 10 MiB, and refuses those that are nested more than a hundred levels deep with 400. */
export function jsonBody(): RequestHandler {
  return express.json({
    limit: MAX_BODY,
    verify(_request, _response, body) {
      if (isTooDeep(body)) throw badRequest(`The body is nested more than ${MAX_DEPTH} levels deep`);
    },
  });
}

/**
 * Returns the body of a request that {@link jsonBody} has read.
 *
 * @param request the request
 * @throws Error with status 400 if there is no JSON
 */
export function bodyOf(request: Request): unknown {
  if (request.body !== undefined) return request.body;
  throw badRequest('The body must be JSON, with Content-Type: application/json');
}

function badRequest(message: string): Error {
  return Object.assign(new Error(message), { status: 400 });
}

function isTooDeep(json: Buffer): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (CLOSING!.has(byte)) depth -= 1;
    else if (OPENING!.has(byte) && (depth += 1) > MAX_DEPTH) return true;
  }
  return false;
}
