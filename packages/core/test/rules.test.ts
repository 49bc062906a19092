import fc from 'fast-check';
import { recordings } from '../../../test/conformance.js';
import type { AuditEvent } from '../src/index.js';
import { normaliseEvent, violations } from '../src/log.js';
import { serialise } from '../src/engine.js';
import { anyEvent } from './arbitraries.js';

const SINGLE = /\/event$/;
const notOfTheEvent = new Set(['auth', 'path', 'content-type', 'body']);
const single = recordings.filter(({ category, request }) => SINGLE.test(request.path) && !notOfTheEvent.has(category));

it.each(single.map((recording) => [recording.name, recording] as const))(
  'accepts and refuses like the server: %s',
  (_name, { request, response }) => {
    const found = violations(JSON.parse(request.body));
    expect(found.length === 0).toBe(response.status === 201);
    for (const violation of found) expect(violation.message).not.toBe('');
  },
);

it('accepts every normalised event, which has neither NUL nor lone surrogates', () => {
  fc.assert(
    fc.property(anyEvent, (generated) => {
      const event = normaliseEvent({ ...generated, is_anonymous: generated.is_anonymous !== false || !generated.actor });
      const { body } = serialise({ ...event, external_id: 'x' });
      const sent = JSON.parse(body) as AuditEvent;
      expect(violations(sent)).toEqual([]);
      expect(body).not.toContain('\\u0000');
      expect(body).not.toMatch(/\\ud[89a-f]/i);
    }),
    { numRuns: 1000 },
  );
});
