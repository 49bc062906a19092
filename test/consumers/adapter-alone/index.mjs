import assert from 'node:assert';
import { AuditError, auditLogin, createAuditor, isAuditError, mark } from '@auditlogin/express';

assert.throws(
  () => auditLogin({ route: ['/x'] }),
  (thrown) => thrown instanceof AuditError && isAuditError(thrown),
);
console.log(JSON.stringify([typeof auditLogin, typeof createAuditor, typeof mark]));
