import '@auditlogin/testing/vitest';
import { recordingAuditor } from '@auditlogin/testing';
import { expect, test } from 'vitest';

test('has the matchers and their types', async () => {
  const auditor = recordingAuditor();
  await auditor.report({ action: 'user.login', actor: { id: 'u1' }, fields: { outcome: 'success' } });
  await expect(auditor).toHaveAuditedOnce({ outcome: 'success', actor: 'u1' });
  await expect(expect(auditor).toHaveAudited({ actor: null })).rejects.toThrow(/expected an event with/);
  await auditor.close();
});
