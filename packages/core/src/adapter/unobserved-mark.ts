import type { IncomingMessage } from 'node:http';

const MAX_WARNINGS = 100;
const warned = new Set<string>();

/**
 * Warns, once a place, that a marker spoke on a request that nothing observes.
 *
 * @param incoming the request, if there is one
 * @param marking the function below which the application's own frames begin
 */
export function warnOfUnobservedMark(
  incoming: Pick<IncomingMessage, 'method' | 'url'> | undefined,
  marking: (...args: never[]) => unknown,
): void {
  const place = placeOf(marking);
  if (warned.has(place) || warned.size >= MAX_WARNINGS) return;
  warned.add(place);
  const path = JSON.stringify((incoming?.url ?? '').split('?')[0]!.slice(0, 128));
  const request = incoming ? `${incoming.method ?? ''} ${path}` : 'no request';
  process.emitWarning(`mark() spoke about ${request}, which no auditLogin() observes, at ${place}. Mount auditLogin() before the route.`, {
    type: 'AuditLoginWarning',
    code: 'AUDIT_UNOBSERVED_MARK',
  });
}

/** The application's frame that marked: the first outside this package. */
function placeOf(marking: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, marking);
  const frames = (holder.stack ?? '').split('\n').slice(1);
  const frame = frames.find((line) => !/[\\/]@auditlogin[\\/]|[\\/]packages[\\/](?:core|express|koa|fastify)[\\/]/.test(line)) ?? frames[0];
  return (frame ?? 'an unknown place').trim().replace(/^at /, '');
}
