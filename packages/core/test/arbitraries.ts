import fc from 'fast-check';
import type { AuditEvent } from '../src/index.js';

/** Strings with characters that break naive code: delimiters, NUL, lone surrogates, emoji. */
export const nastyText = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom('%', ':', '=', ';', '%3A', 'a\u0000b', '\ud800', 'x\udc00y', '😀', '__proto__', 'toString', ' ', '\u202e'),
);

/** Maps of such strings. */
export const nastyMap = fc
  .array(fc.tuple(nastyText, nastyText), { maxLength: 6 })
  .map((entries) => Object.fromEntries(entries) as Record<string, string>);

/** Events of the API with any values that the types allow. */
export const anyEvent: fc.Arbitrary<AuditEvent> = fc.record(
  {
    action: nastyText,
    crud: fc.constantFrom('c', 'r', 'u', 'd'),
    actor: fc.record({ id: nastyText, name: nastyText, fields: nastyMap }, { requiredKeys: ['id'] }),
    group: fc.record({ id: nastyText, name: nastyText }, { requiredKeys: ['id'] }),
    target: fc.record({ id: nastyText, name: nastyText, type: nastyText, fields: nastyMap }, { requiredKeys: ['id'] }),
    is_failure: fc.boolean(),
    is_anonymous: fc.boolean(),
    source_ip: fc.oneof(fc.ipV4(), fc.ipV6(), nastyText),
    created: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    description: nastyText,
    component: nastyText,
    version: nastyText,
    external_id: nastyText,
    fields: nastyMap,
    metadata: nastyMap,
  },
  { requiredKeys: ['action', 'crud'] },
);
