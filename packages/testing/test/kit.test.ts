import { auditMatchers, recordingAuditor } from '../src/index.js';

expect.extend(auditMatchers);

const attempt = {
  action: 'user.login',
  actor: { id: 'u1' },
  group: { id: 'acme' },
  is_failure: true,
  fields: { outcome: 'failure', reason: 'wrong_password' },
};

it('describes the recorded events if a matcher fails', async () => {
  const auditor = recordingAuditor();
  await auditor.report(attempt);
  await expect(auditor).toHaveAudited({ outcome: 'failure', reason: 'wrong_password', actor: 'u1', group: 'acme' });
  await expect(auditor).toHaveAuditedOnce({ reason: 'wrong_password' });
  await expect(auditor).not.toHaveAudited({ outcome: 'success' });
  await expect(expect(auditor).toHaveAudited({ actor: null })).rejects.toThrow(
    /expected an event with {"actor":null}; there was[^]*"actor":"u1"/,
  );
  await auditor.report(attempt);
  await expect(expect(auditor).toHaveAuditedOnce({ reason: 'wrong_password' })).rejects.toThrow(/exactly one event/);
  await auditor.close();
});

it('verifies receipts like a real auditor, and can be cleared', async () => {
  const auditor = recordingAuditor({ component: 'shop' });
  await auditor.report(attempt);
  expect(await auditor.settled(1)).toMatchObject([{ component: 'shop', actor: { id: 'u1' } }]);
  expect(auditor.stats()).toMatchObject({ verified: 1 });
  auditor.clear();
  expect(auditor.events).toEqual([]);
  await auditor.close();
});
