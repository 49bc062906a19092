import { hash } from 'node:crypto';
import { canonicalTail, canonicalText, normaliseEvent, receiptMatches } from '@auditlogin/core/log';
import { computeHash, type Event } from '@retracedhq/retraced';
import { loginEvent } from './login-event.js';
import { cpuTime, report } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const EVENTS = 500;
const events = Array.from({ length: EVENTS }, (_, index) => normaliseEvent(loginEvent(index) as never));
const receipts = events.map((event, index) => ({ id: `server${index}`, hash: hash('sha256', canonicalText(`server${index}`, event)) }));
const tails = events.map(canonicalTail);
const texts = events.map((event, index) => canonicalText(`server${index}`, event));

const verify: Record<string, (index: number) => boolean> = {
  ours: (index) => receiptMatches(receipts[index]!, tails[index]!),
  peer: (index) => computeHash(events[index] as unknown as Event, receipts[index]!.id).hashResult === receipts[index]!.hash,
  limit: (index) => hash('sha256', texts[index]!) === receipts[index]!.hash,
};
const check = verify[side]!;
const round = (times: number): number => {
  let right = 0;
  for (let index = 0; index < times; index += 1) if (check(index % EVENTS)) right += 1;
  return right;
};
round(work / 10);
const before = cpuTime();
const right = round(work);
const spent = cpuTime() - before;
if (right !== work) throw new Error(`${work - right} of ${work} hashes are wrong`);
report({ value: spent / work });
