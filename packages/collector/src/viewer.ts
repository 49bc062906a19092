import { eventHash, isTrue } from '@auditlogin/core';
import { Eta } from 'eta';
import { Router } from 'express';
import { readCursor, writeCursor } from './graphql.js';
import type { Store, StoredEvent } from './store.js';
import { page, style } from './viewer-page.js';

const PAGE_SIZE = 100;

/** A row of the viewer, ready to be shown. */
interface ViewerRow {
  time: string;
  action: string;
  outcome: string;
  reason: string;
  evidence: string;
  actor: string;
  actorId: string;
  group: string;
  address: string;
  id: string;
  verified: boolean;
}

/**
 * The viewer: the events, newest first. All text is escaped by the template; the page needs no script.
 *
 * @param store the events
 * @param project whose events
 */
export function viewer(store: Store, project: string): Router {
  const router = Router();
  const eta = new Eta({ autoEscape: true });
  eta.loadTemplate('@page', page);

  router.get('/', (request, response) => {
    const before = typeof request.query['before'] === 'string' ? request.query['before'] : undefined;
    const { events, total, hasMore } = store.find(project, { where: [], values: [] }, PAGE_SIZE, 'newest', cursorOrNone(before));
    const last = events.at(-1);
    const older = hasMore && last ? writeCursor(last) : undefined;
    const shown = { project, total, rows: events.map(rowOf), older, isFirstPage: before === undefined, base: request.baseUrl };
    response.type('html').send(eta.render('@page', shown));
  });
  router.get('/viewer.css', (_request, response) => void response.type('css').send(style));
  return router;
}

function cursorOrNone(text: string | undefined): ReturnType<typeof readCursor> {
  try {
    return readCursor(text);
  } catch {
    return undefined;
  }
}

function rowOf({ id, hash, event, names, canonicalTime }: StoredEvent): ViewerRow {
  const { fields } = event;
  return {
    time: new Date(canonicalTime).toISOString(),
    action: event.action,
    outcome: fields?.['outcome'] ?? (isTrue(event.is_failure) ? 'failure' : 'success'),
    reason: fields?.['reason'] ?? '',
    evidence: fields?.['evidence'] ?? '',
    actor: names.actor ?? event.actor?.id ?? fields?.['identity'] ?? '',
    actorId: event.actor?.id ?? '',
    group: names.group ?? event.group?.id ?? '',
    address: event.source_ip ?? fields?.['source_ip_seen'] ?? '',
    id,
    verified: eventHash(id, event) === hash,
  };
}
