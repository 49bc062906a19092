import { Pool } from 'undici';
import { storedEvent } from './stored-event.js';

// Child process: sends events in bulk with four calls in flight.
const BULK = 50;
const LANES = 4;
const work = Number(process.argv[2]);
const base = new URL(process.env['API_BASE']!);
const pool = new Pool(base.origin, { connections: LANES, pipelining: 1 });
const began = performance.now();
let next = 0;
async function lane(): Promise<void> {
  while (next < work) {
    const events = Array.from({ length: BULK }, () => storedEvent(next++, work));
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/publisher/v1/project/dev/event/bulk',
      headers: { authorization: 'Token token=t', 'content-type': 'application/json' },
      body: JSON.stringify({ events }),
    });
    const receipts = (await body.json()) as unknown[];
    if (statusCode !== 201 || receipts.length !== BULK) throw new Error(`the collector answered ${statusCode}`);
  }
}
await Promise.all(Array.from({ length: LANES }, lane));
process.send?.({ took: performance.now() - began });
process.disconnect();
await pool.close();
