import { expect } from 'vitest';
import { auditMatchers, type AuditMatchers } from './matchers.js';

declare module 'vitest' {
  // The type parameter must be that of Vitest, or the declarations would not merge. eslint-disable-next-line @typescript-eslint/no-unused-vars,
  // @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type
  interface Matchers<T = any> extends AuditMatchers<Promise<void>> {}
}

expect.extend(auditMatchers);
