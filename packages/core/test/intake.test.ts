import type { Attempt } from '../src/adapter.js';
import type { AuditError } from '../src/index.js';
import { AuditError as Failure } from '../src/errors.js';
import { decideOutcome } from '../src/attempt/outcome.js';
import { createIntake, type Intake, type IntakeListener } from '../src/auditor/intake.js';
import { normaliseEvent } from '../src/event/normalise.js';
import { memorySpool } from '../src/spool/memory-spool.js';
import type { CoalescingSpool } from '../src/spool/spool.js';
import { answered } from './attempts.js';

const attempt = (id: string, status = 200): Attempt =>
  answered(status, { requestId: id, ...(status === 200 && { mark: { outcome: 'success', actor: id } }) });

const bounds = { maxEvents: 100, maxBytes: 1e6 };
const lost: [id: string | undefined, code: string][] = [];
const uncomposed: AuditError[] = [];
const listener: IntakeListener = {
  queued: () => undefined,
  coalesced: () => undefined,
  lost: ({ body }, { code }) => void lost.push([(JSON.parse(body) as { fields?: { request_id?: string } }).fields?.request_id, code]),
  uncomposed: (error) => void uncomposed.push(error),
};
beforeEach(() => {
  lost.length = 0;
  uncomposed.length = 0;
});

function intakeOf(spool: CoalescingSpool, maxEvents = bounds.maxEvents): Intake {
  return createIntake(
    spool,
    {
      ...{
        durability: 'after-response',
        spool: { ...bounds, maxEvents },
        typedIdentity: 'omit',
        identityKey: undefined,
        component: undefined,
        version: undefined,
      },
      ...{ seal: (event) => event, gapEvent: undefined },
    },
    listener,
  );
}
const record = (intake: Intake, ...args: Parameters<typeof attempt>): Promise<boolean> =>
  intake.record([attempt(...args)], (one) => decideOutcome(one));
const idsIn = async (spool: CoalescingSpool): Promise<(string | undefined)[]> =>
  (await spool.peek(1_000)).map(({ body }) => {
    const { actor, fields } = JSON.parse(body) as { actor?: { id: string }; fields?: { request_id?: string } };
    return actor?.id ?? fields?.request_id;
  });

it('gathers attempts in order, and appends an event that is reported meanwhile after them', async () => {
  const spool = memorySpool(bounds);
  const intake = intakeOf(spool);
  const recorded = ['a', 'b'].map((id) => record(intake, id));
  expect(spool.size().events).toBe(0);
  await intake.append(normaliseEvent({ action: 'x', actor: { id: 'reported' } }));
  expect(await Promise.all(recorded)).toEqual([true, true]);
  void record(intake, 'c');
  await intake.idle();
  expect(await idsIn(spool)).toEqual(['a', 'b', 'reported', 'c']);
});

it('appends at once when fifty attempts have gathered', async () => {
  const spool = memorySpool(bounds);
  const intake = intakeOf(spool);
  for (let index = 0; index < 49; index += 1) void record(intake, `${index}`);
  expect(spool.size().events).toBe(0);
  void record(intake, '49');
  expect(spool.size().events).toBe(50);
  await intake.idle();
});

it('loses only the events that do not fit, and reports each of them', async () => {
  const spool = memorySpool({ ...bounds, maxEvents: 2 });
  const intake = intakeOf(spool, 2);
  const recorded = ['a', 'b', 'c'].map((id) => record(intake, id));
  expect(await Promise.all(recorded)).toEqual([false, false, false]);
  expect(await idsIn(spool)).toEqual(['a', 'b']);
  expect(lost).toEqual([['c', 'ERR_AUDIT_SPOOL_FULL']]);
});

it('records the other attempts when one cannot be composed', async () => {
  const spool = memorySpool(bounds);
  const intake = intakeOf(spool);
  void record(intake, 'a');
  void intake.record([attempt('broken')], () => {
    throw new TypeError('of a rule');
  });
  void intake.record(Promise.reject(new TypeError('of an extractor')), (one) => decideOutcome(one));
  await record(intake, 'b');
  await intake.idle();
  expect(await idsIn(spool)).toEqual(['a', 'b']);
  expect(uncomposed.map(({ code }) => code)).toEqual(['ERR_AUDIT_EVENT_INVALID', 'ERR_AUDIT_EVENT_INVALID']);
});

it('coalesces a flood when its share of the spool is used up, and reports a count that is lost', async () => {
  const spool = memorySpool({ ...bounds, maxEvents: 4 });
  const intake = intakeOf(spool, 4);
  await Promise.all(['a', 'b', 'c', 'd'].map((id) => record(intake, id, 401)));
  expect([spool.size().events, spool.size().coalesced]).toEqual([2, 2]);
  const refusing: CoalescingSpool = { ...spool, coalesce: () => Promise.reject(new Failure('ERR_AUDIT_SPOOL', 'no')) };
  expect(await record(intakeOf(refusing, 4), 'e', 401)).toBe(false);
  expect(lost).toEqual([['e', 'ERR_AUDIT_SPOOL']]);
});

const owned = { before: { id: 's', owner: 'ann' }, after: { id: 's', owner: 'ann' } };
it.each<[string, Attempt, 'counted' | 'stored']>([
  ['a failure', answered(401), 'counted'],
  ['a marked failure that names the account', answered(401, { mark: { outcome: 'failure', actor: 'ann' } }), 'counted'],
  ['an attempt without evidence', answered(200), 'counted'],
  ['a challenge', answered(200, { mark: { outcome: 'challenge', actor: 'ann' } }), 'counted'],
  ['a refresh', answered(200, { action: 'user.session.refresh', mark: { outcome: 'success', actor: 'ann' } }), 'counted'],
  ['a failed refresh', answered(401, { action: 'user.session.refresh' }), 'counted'],
  ['a failed password change in a session', answered(403, { action: 'user.password.change', session: owned }), 'counted'],
  ['a login', answered(200, { mark: { outcome: 'success', actor: 'ann' } }), 'stored'],
  ['a password change', answered(200, { action: 'user.password.change', mark: { outcome: 'success', actor: 'ann' } }), 'stored'],
  ['a logout', answered(200, { action: 'user.logout', mark: { outcome: 'success', actor: 'ann' } }), 'stored'],
])('above half of the bounds %s is kept', async (_what, one, kept) => {
  const spool = memorySpool({ ...bounds, maxEvents: 4 });
  const intake = intakeOf(spool, 4);
  await Promise.all(['a', 'b'].map((id) => record(intake, id)));
  expect(await intake.record([one], (each) => decideOutcome(each))).toBe(true);
  expect([spool.size().events, spool.size().coalesced]).toEqual(kept === 'stored' ? [3, 0] : [2, 1]);
});

it('loses and reports events that arrive after it was closed', async () => {
  const spool = memorySpool(bounds);
  const intake = intakeOf(spool);
  intake.close();
  expect(await record(intake, 'late')).toBe(false);
  await expect(intake.append(normaliseEvent({ action: 'x', actor: { id: 'u' } }))).rejects.toMatchObject({ code: 'ERR_AUDIT_CLOSED' });
  expect(lost).toEqual([
    ['late', 'ERR_AUDIT_CLOSED'],
    [undefined, 'ERR_AUDIT_CLOSED'],
  ]);
});
