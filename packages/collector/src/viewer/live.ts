import { createSession, type Session } from 'better-sse';
import type { Request, Response } from 'express';
import type { ViewerSession } from '../access/viewers.js';
import type { Condition } from '../store/condition.js';
import type { Store } from '../store/store.js';
import { viewerEvent } from './rows.js';

/** How long new events are collected before a message is sent, in milliseconds. */
const GATHER = 200;
/** The most events in a message. */
const MOST = 200;
/** The most pages of a session that follow the log. A browser opens no more than six connections to a server over HTTP/1.1. */
const MAX_PAGES = 10;

/** Sends new events to the pages that follow the log. */
export interface LiveFeed {
  /** Whether one more page of a session may follow the log. */
  hasRoom(session: ViewerSession): boolean;
  /**
   * Sends new events to a page by server-sent events: `event: arrivals`, with a list of events and whether there were more.
   *
   * @param session the session of the page, which limits which events are sent
   * @param condition the filters of the page
   * @param request the request
   * @param response the response, which stays open
   * @param isAllowed called before each message, because the session may have ended
   */
  follow(session: ViewerSession, condition: Condition, request: Request, response: Response, isAllowed: () => boolean): Promise<void>;
}

/** A page that follows the log. */
interface Follower {
  session: ViewerSession;
  condition: Condition;
  /** The last position in the order of arrival that the page knows. */
  after: number;
  stream: Session;
  response: Response;
  isAllowed: () => boolean;
}

/**
 * Creates the feed of a store.
 *
 * @param store the store of the events
 */
export function liveFeed(store: Store): LiveFeed {
  const followers = new Set<Follower>();
  const pages = new Map<ViewerSession, number>();
  let stop: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** Searches for one page at a time, so that other requests are answered in between. */
  async function tellAll(): Promise<void> {
    for (const follower of followers) {
      tell(follower);
      await new Promise((resolve) => setImmediate(resolve));
    }
    timer = undefined;
    if ([...followers].some(({ after }) => after < store.lastSeq())) gather();
  }

  function tell(follower: Follower): void {
    const { session, condition, stream, response } = follower;
    if (!follower.isAllowed()) return void response.end();
    const upTo = store.lastSeq();
    try {
      const found = store.arrivals(session.scope, condition, follower.after, MOST + 1);
      follower.after = upTo;
      if (found.length > 0) stream.push({ events: found.slice(0, MOST).map(viewerEvent), more: found.length > MOST }, 'arrivals');
    } catch {
      // The page connects again, and gets an error answer if the search still fails.
      response.end();
    }
  }

  function gather(): void {
    timer ??= setTimeout(() => void tellAll(), GATHER);
  }

  function leave(follower: Follower): void {
    followers.delete(follower);
    if (followers.size > 0) return;
    stop?.();
    stop = undefined;
  }

  function count(session: ViewerSession, change: number): void {
    const left = (pages.get(session) ?? 0) + change;
    if (left > 0) pages.set(session, left);
    else pages.delete(session);
  }

  return {
    hasRoom: (session) => (pages.get(session) ?? 0) < MAX_PAGES,
    async follow(session, condition, request, response, isAllowed) {
      const after = store.lastSeq();
      count(session, 1);
      response.once('close', () => count(session, -1));
      const stream = await createSession(request, response, { retry: 2_000, keepAlive: 15_000 });
      if (response.closed) return;
      const follower: Follower = { session, condition, after, stream, response, isAllowed };
      response.once('close', () => leave(follower));
      followers.add(follower);
      stop ??= store.watch(gather);
      gather();
    },
  };
}
