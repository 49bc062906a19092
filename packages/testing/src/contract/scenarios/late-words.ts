import assert from 'node:assert/strict';
import type { AuditEvent } from '@auditlogin/core';
import { is, ok, pause, post, type Scenario } from './scenario.js';

/** The outcomes after each correction has replaced the event that it corrects. */
function standing(events: readonly AuditEvent[]): string[] {
  const corrected = new Set(events.map(({ fields }) => fields?.['corrects']));
  return events
    .filter(({ external_id }) => !corrected.has(external_id))
    .map(({ fields, actor }) => `${fields?.['outcome']} ${fields?.['reason'] ?? '-'} ${actor?.id ?? '-'}`);
}

/** Markers after the response, and invalid markers. */
export const lateWords: readonly Scenario[] = [
  {
    name: 'a marker after the response becomes part of the event or corrects it',
    async handler(x) {
      await x.json(401, {});
      setTimeout(() => x.newMarker().failure('account_locked'), 40);
    },
    client: async (client) => [await post(client), await pause(80)],
    expected: (events) => assert.deepEqual(standing(events), ['failure account_locked -'], JSON.stringify(events)),
  },
  {
    name: 'a marker after the response makes an event on a route that is not audited',
    async handler(x) {
      await x.redirect('/');
      setTimeout(() => x.newMarker().success({ actor: 'u1' }), 40);
    },
    client: async (client) => [await client.send('POST', '/other', { body: {} }), await pause(80)],
    expected: (events) => assert.deepEqual(standing(events), ['success - u1'], JSON.stringify(events)),
  },
  {
    name: 'a second call on a marker after the response corrects the event of the first',
    async handler(x) {
      x.mark.success({ actor: 'u1' });
      await ok(x);
      setTimeout(() => x.mark.failure('account_disabled', { actor: 'u1' }), 60);
    },
    client: async (client) => [await post(client), await pause(100)],
    expected: (events) => assert.deepEqual(standing(events), ['failure account_disabled -'], JSON.stringify(events)),
  },
  {
    name: 'an unknown action is not recorded, and is reported',
    async handler(x) {
      x.mark.failure('wrong_password', { action: 'user.sing-up' as never });
      await ok(x);
    },
    client: post,
    expected: [{ ...is.failure('marker', 'wrong_password'), action: 'user.login' }],
    problems: [/ERR_AUDIT_MARK .*"user\.sing-up"/],
  },
];
