import type { AuditEvent } from '@auditlogin/core';
import { normaliseAddress } from '@auditlogin/core/log';
import type { Request } from 'express';
import type { ViewerSession } from '../access/viewers.js';
import { keep } from '../api/keep.js';
import type { Store } from '../store/store.js';

/**
 * Records in the log that somebody with a viewer token looks at it, as Retraced does. Somebody with a publisher token is not recorded.
 *
 * @param store the store
 * @param session the session of the viewer
 * @param request the request
 */
export async function recordView(store: Store, { scope, viewer }: ViewerSession, request: Request): Promise<void> {
  if (!viewer) return;
  const event: AuditEvent = {
    action: viewer.viewLogAction,
    crud: 'r',
    created: new Date().toISOString(),
    description: 'Viewed the audit log',
  };
  if (viewer.actor === undefined) event.is_anonymous = true;
  else event.actor = { id: viewer.actor };
  if (scope.group !== undefined) event.group = { id: scope.group };
  // A proxy may forward a text that is no address.
  const { source_ip: address } = normaliseAddress(request.ip?.replace(/^::ffff:/, '') ?? '');
  if (address !== undefined && address !== '::1') event.source_ip = address;
  await keep(store, scope.project, [event]);
}
