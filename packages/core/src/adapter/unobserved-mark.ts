import type { IncomingMessage } from 'node:http';

const MAX_WARNINGS = 100;
const warned = new Set<string>();
let isDisabled = false;

/** Says that an audit of this process is disabled, so that markers without an observation are no mistake. */
export function expectUnobservedMarks(): void {
  isDisabled = true;
}

/** What stands in the stack between a warning and the application: the sink of the marker, and the marker's method. */
const OWN_FRAMES = 2;

/**
 * Warns once per place in the code that a marker was used on a request that no adapter observes. To be called by the sink of a marker, so that the
 * place is known.
 *
 * @param incoming the request, if it is known
 */
export function warnOfUnobservedMark(incoming: Pick<IncomingMessage, 'method' | 'url'> | undefined): void {
  if (isDisabled) return;
  const place = placeOf();
  if (warned.has(place) || warned.size >= MAX_WARNINGS) return;
  warned.add(place);
  const path = JSON.stringify((incoming?.url ?? '').split('?')[0]!.slice(0, 128));
  const request = incoming ? `${incoming.method ?? ''} ${path}` : 'no request';
  process.emitWarning(`mark() spoke about ${request}, which no auditLogin() observes, at ${place}. Mount auditLogin() before the route.`, {
    type: 'AuditLoginWarning',
    code: 'AUDIT_UNOBSERVED_MARK',
  });
}

/** The application's frame that marked; counted, since in a bundle no file name tells the application from the audit. */
function placeOf(): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, warnOfUnobservedMark);
  const frames = (holder.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return (frames[OWN_FRAMES] ?? 'an unknown place').trim().replace(/^at /, '');
}
