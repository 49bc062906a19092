import {
  type AuditEvent,
  type Auditor,
  type AuditorOptions,
  type AuditLogin,
  type AuditLoginOptions,
  auditLogin,
  createAuditor,
  isAuditError,
  type Logger,
  type Marker,
  mark,
  type OutcomeRule,
  type Reason,
} from '@auditlogin/express';
import express, { type Request } from 'express';

const seen: AuditEvent[] = [];
const logger: Logger = { warn: () => undefined, error: () => undefined };
const settings: AuditorOptions = { logger, onReceipt: ({ event }) => seen.push(event) };
const outcome: OutcomeRule<Request> = ({ status }) => (status === 200 ? 'success' : undefined);
const reason: Reason = 'wrong_password';

export function audited(): { app: express.Express; audit: AuditLogin; auditor: Auditor } {
  const auditor = createAuditor(settings);
  const options: AuditLoginOptions = { auditor, outcome, group: ({ request }) => request.get('x-tenant') };
  const audit = auditLogin(options);
  const app = express().use(audit);
  app.post('/login', (request, response) => {
    const marker: Marker = mark(request);
    marker.failure(reason, { actor: { id: 7 } });
    response.status(401).end();
  });
  return { app, audit, auditor };
}

export function codeOf(thrown: unknown): string | undefined {
  return isAuditError(thrown) ? thrown.code : undefined;
}
