import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A recorded exchange with the real server. */
export interface Recording {
  name: string;
  category: string;
  request: { method: string; path: string; headers: Record<string, string>; body: string };
  response: { status: number; content_type: string; error?: string };
  receipt?: { id: string; hash: string } | { id: string; hash: string }[];
  hash_input?: string;
  sdk_disagrees?: boolean;
}

/** The exchanges recorded with Retraced 1.13.1. */
export const recordings: readonly Recording[] = readFileSync(join(__dirname, 'data', 'retraced-1.13.1.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recording);

/** The events of an accepted exchange with their receipts. */
export function acceptedEvents(recording: Recording): { event: never; receipt: { id: string; hash: string } }[] {
  const body = JSON.parse(recording.request.body.replace(/^\uFEFF/, '')) as { events?: never[] };
  const events = Array.isArray(recording.receipt) ? body.events! : [body as never];
  const receipts = Array.isArray(recording.receipt) ? recording.receipt : [recording.receipt!];
  return events.map((event, index) => ({ event, receipt: receipts[index]! }));
}
