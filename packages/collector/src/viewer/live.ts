import { createSession } from 'better-sse';
import type { Request, Response } from 'express';
import type { Scope } from '../store/scope.js';
import type { Condition } from '../store/condition.js';
import type { Store } from '../store/store.js';
import { viewerEvent } from './rows.js';

/** How long new events are collected before a message is sent, in milliseconds. */
const GATHER = 200;
/** The most events in a message. */
const MOST = 200;

/**
 * Sends new events to a page by server-sent events: `event: arrivals`, with a list of events and whether there were more.
 *
 * @param store the store of the events
 * @param scope limits which events are sent
 * @param condition the filters of the page
 * @param request the request
 * @param response the response, which stays open
 * @param isAllowed called before each message, because the session may have ended
 */
export async function tellArrivals(
  store: Store,
  scope: Scope,
  condition: Condition,
  request: Request,
  response: Response,
  isAllowed: () => boolean,
): Promise<void> {
  let after = store.lastSeq();
  let timer: NodeJS.Timeout | undefined;
  const session = await createSession(request, response, { retry: 2_000, keepAlive: 15_000 });

  function tell(): void {
    timer = undefined;
    if (!isAllowed()) return void response.end();
    const upTo = store.lastSeq();
    const found = store.arrivals(scope, condition, after, MOST + 1);
    after = found.length > MOST ? upTo : Math.max(after, upTo);
    if (found.length > 0) session.push({ events: found.slice(0, MOST).map(viewerEvent), more: found.length > MOST }, 'arrivals');
  }

  const stop = store.watch(() => (timer ??= setTimeout(tell, GATHER)));
  session.once('disconnected', () => {
    stop();
    clearTimeout(timer);
  });
}
