import type { IncomingHttpHeaders } from 'node:http';

/** The parts of a request that a client chooses. */
export interface SentRequest {
  headers: IncomingHttpHeaders;
  /** The unchanged request target. */
  target: string;
  /** The parsed body. */
  body: unknown;
}

/** The most values of a body that are searched. A body with more may have brought anything. */
const MAX_VALUES = 100_000;

/**
 * Whether a request brought a text: in its target, in any header, or anywhere in its body. Applications echo what was sent, and an echo is not handed out.
 *
 * @param text the text, which is long enough not to occur by chance
 * @param request the request
 */
export function isSent(text: string, { headers, target, body }: SentRequest): boolean {
  if (target.includes(text) || decoded(target).includes(text)) return true;
  return Object.values(headers).some((value) => String(value).includes(text)) || isIn(body, text);
}

function isIn(body: unknown, text: string): boolean {
  const values: unknown[] = [body];
  const seen = new Set<unknown>();
  for (let next = 0; next < values.length; next += 1) {
    if (next >= MAX_VALUES) return true;
    const value = values[next];
    if (typeof value === 'string' && value.includes(text)) return true;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    // Keys are sent, too, and so are the entries of forms.
    const entries = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.entries(value).flat();
    for (const entry of entries) values.push(entry);
  }
  return false;
}

function decoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
