import { isIP } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { refuse } from './api/errors.js';

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/i;
const WINDOW = 60_000;
/** How long the answer to a client waits that has sent too many wrong tokens, in milliseconds. */
const PAUSE = 500;
/** The most answers that wait at the same time. Further ones are sent at once, so that the waiting ones take no memory from the others. */
const MAX_PAUSING = 100;

/**
 * Whether only this machine can reach an address.
 *
 * @param host a name or an address
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * Refuses requests whose `Host` is not a name of the collector. If the name of another site resolves to this machine (DNS rebinding), its pages still send
 * that name. An address in `Host` is safe, since DNS cannot change its meaning.
 *
 * @param host where the collector listens
 * @param allowed further names of the collector
 */
export function hostCheck(host: string, allowed: readonly string[]): RequestHandler {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return (request, response, next) => {
    const name = nameIn(request);
    const isAddress = !isLoopback(host) && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
    if (LOOPBACK.test(name) || names.has(name.toLowerCase()) || isAddress) return next();
    refuse(response, { status: 403, error: 'The Host header has no name of this collector; see the option "allowedHosts"' });
  };
}

/** Slows down clients that guess tokens. */
export interface RefusalLimit {
  /** Answers 401, or 429 after a pause if the address got too many 401 answers within the last minute. */
  refuse(request: Request, response: Response, error: string): void;
}

/**
 * Limits the number of 401 answers to an address within a minute; beyond it the address gets 429, each after a pause. Only requests without a valid token
 * are counted and slowed down, because behind a proxy the one who guesses and those who have a token may share an address.
 *
 * @param limit the most 401 answers within a minute
 */
export function refusalLimit(limit: number): RefusalLimit {
  let pausing = 0;
  const tooMany = (_request: Request, response: Response): void => {
    const answer = (): void =>
      refuse(response.set('retry-after', String(WINDOW / 1_000)), {
        status: 429,
        error: 'Too many requests without a valid token; wait a minute',
      });
    if (pausing >= MAX_PAUSING) return answer();
    pausing += 1;
    const timer = setTimeout(answer, PAUSE);
    response.once('close', () => {
      pausing -= 1;
      clearTimeout(timer);
    });
  };
  const limiter = rateLimit({
    windowMs: WINDOW,
    limit,
    standardHeaders: false,
    legacyHeaders: false,
    handler: tooMany,
    keyGenerator: ({ ip }) => ipKeyGenerator(ip ?? ''),
  });
  return {
    refuse(request, response, error) {
      void limiter(request, response, () => refuse(response, { status: 401, error }));
    },
  };
}

function nameIn({ headers }: Request): string {
  return (headers.host ?? '').replace(/:\d+$/, '');
}
