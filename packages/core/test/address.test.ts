import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { normaliseAddress, violations } from '../src/log.js';

it.each([
  ['203.0.113.7', { source_ip: '203.0.113.7' }],
  ['::ffff:203.0.113.7', { source_ip: '203.0.113.7' }],
  ['::FFFF:cb00:7107', { source_ip: '203.0.113.7' }],
  ['::1', { source_ip: '0:0:0:0:0:0:0:1' }],
  ['::', { source_ip: '0:0:0:0:0:0:0:0' }],
  ['2001:db8::', { source_ip: '2001:db8:0:0:0:0:0:0' }],
  ['fe80::1%eth0', { source_ip: 'fe80:0:0:0:0:0:0:1', seen: 'fe80::1%eth0' }],
  ['203.0.113.7:443', { source_ip: '203.0.113.7' }],
  ['[2001:db8::1]:443', { source_ip: '2001:db8:0:0:0:0:0:1' }],
  ['[2001:db8::1]', { source_ip: '2001:db8:0:0:0:0:0:1' }],
  [' 203.0.113.7 ', { source_ip: '203.0.113.7' }],
  ['0.0.0.0', { seen: '0.0.0.0' }],
  ['::ffff:0.1.2.3', { seen: '::ffff:0.1.2.3' }],
  ['203.0.113.7, 198.51.100.1', { seen: '203.0.113.7, 198.51.100.1' }],
  ['unknown', { seen: 'unknown' }],
  ['2130706433', { seen: '2130706433' }],
  ['1.02.3.4', { seen: '1.02.3.4' }],
  ['', {}],
  ['  ', {}],
  [undefined, {}],
])('normalises %s', (raw, expected) => expect(normaliseAddress(raw)).toEqual(expected));

const isTaken = (source_ip: string): boolean => violations({ action: 'a', crud: 'c', is_anonymous: true, source_ip }).length === 0;

it('writes every address in a form that the server accepts and that does not change again', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.ipV4().map((ip) => `::ffff:${ip}`),
      ),
      (raw) => {
        const { source_ip, seen } = normaliseAddress(raw);
        if (source_ip === undefined) return expect(seen).toBe(raw);
        expect(isTaken(source_ip)).toBe(true);
        expect(isIPv4(source_ip) || isIPv6(source_ip)).toBe(true);
        expect(normaliseAddress(source_ip)).toEqual({ source_ip });
      },
    ),
    { numRuns: 1000 },
  );
});

it('never makes an address that the server refuses, from any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (raw) => {
      const { source_ip } = normaliseAddress(raw);
      expect(source_ip === undefined || isTaken(source_ip)).toBe(true);
    }),
  );
});
