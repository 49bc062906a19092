export { auditMatchers, type AuditExpectation, type AuditMatchers } from './matchers.js';
export { type RecordingAuditor, recordingAuditor } from './recording-auditor.js';
