import fc from 'fast-check';
import { clientAddress, isProxyRange } from '../src/adapter/client-address.js';

const PROXY = '127.0.0.1';
const CLIENT = '203.0.113.7';
const V6 = '2001:db8:0:0:0:0:0:1';

it.each<[string, string, string]>([
  ['an address', CLIENT, CLIENT],
  ['one forged in front', `8.8.8.8, ${CLIENT}`, CLIENT],
  ['behind two trusted proxies', `8.8.8.8, ${CLIENT}, 127.0.0.2`, CLIENT],
  ['IPv6', '2001:db8::1', V6],
  ['IPv4 in IPv6', `::ffff:${CLIENT}`, CLIENT],
  ['with a port', `${CLIENT}:51234`, CLIENT],
  ['[IPv6] with a port', '[2001:db8::1]:443', V6],
  ['private', '10.1.2.3', '10.1.2.3'],
  ['only trusted proxies', '127.0.0.3, 127.0.0.2', '127.0.0.3'],
  ['holes', `, ${CLIENT} ,`, CLIENT],
  ['nothing', '', PROXY],
  ['what is no address', `${CLIENT}, unknown`, 'unknown'],
])('reads X-Forwarded-For of a trusted proxy: %s', (_name, value, expected) => {
  expect(clientAddress(PROXY, { 'x-forwarded-for': value }, { addressHeader: 'X-Forwarded-For', trustedProxies: ['loopback'] })).toBe(
    expected,
  );
});

it.each<[string, string, string]>([
  ['an address', `for=${CLIENT}`, CLIENT],
  ['with other parameters', `proto=https;For="${CLIENT}:47011";by=10.0.0.1`, CLIENT],
  ['IPv6 with a port', 'for="[2001:db8::1]:4711"', V6],
  ['one forged in front', `for=8.8.8.8, for=${CLIENT};proto=http`, CLIENT],
  ['a separator in quotes', `for=8.8.8.8;host="a,for=9.9.9.9;x", for=${CLIENT}`, CLIENT],
  ['a quote in quotes', `host="a\\",for=9.9.9.9", for=${CLIENT}`, CLIENT],
  ['hidden', 'for=_hidden', '_hidden'],
  ['nothing about the client', 'proto=https', PROXY],
])('reads Forwarded of a trusted proxy: %s', (_name, value, expected) => {
  expect(clientAddress(PROXY, { forwarded: value }, { addressHeader: 'Forwarded', trustedProxies: ['127.0.0.1'] })).toBe(expected);
});

it.each<[string, string | undefined, string[], string | undefined]>([
  ['a peer in a range', '10.1.2.3', ['10.0.0.0/8'], CLIENT],
  ['a peer in a range of IPv6', 'fd00::1', ['fc00::/7'], CLIENT],
  ['IPv4 in IPv6', '::ffff:10.1.2.3', ['10.0.0.0/8'], CLIENT],
  ['uniquelocal', '192.168.1.1', ['loopback', 'uniquelocal'], CLIENT],
  ['linklocal with a zone', 'fe80::1%eth0', ['linklocal'], CLIENT],
  ['a peer that is not named', '198.51.100.1', ['10.0.0.0/8', 'fc00::/7'], '198.51.100.1'],
  ['nobody is named', '127.0.0.1', [], '127.0.0.1'],
  ['a name that means nothing', '127.0.0.1', ['constructor', 'proxy', '10.0.0.0/99'], '127.0.0.1'],
  ['a socket without an address', undefined, ['loopback'], undefined],
])('reads CF-Connecting-IP: %s', (_name, peer, trustedProxies, expected) => {
  expect(clientAddress(peer, { 'cf-connecting-ip': CLIENT }, { addressHeader: 'CF-Connecting-IP', trustedProxies })).toBe(expected);
});

it('ignores every header except the configured one', () => {
  const headers = { 'x-forwarded-for': CLIENT, 'x-real-ip': CLIENT, forwarded: `for=${CLIENT}` };
  expect(clientAddress(PROXY, headers, { trustedProxies: ['loopback'] })).toBe(PROXY);
  expect(clientAddress(PROXY, headers, { addressHeader: 'CF-Connecting-IP', trustedProxies: ['loopback'] })).toBe(PROXY);
});

it.each<[string, boolean]>([
  ['loopback', true],
  ['10.0.0.0/8', true],
  ['::1', true],
  ['2001:db8::/32', true],
  ['everybody', false],
  ['10.0.0.0/99', false],
  ['', false],
])('checks whether %j names proxies: %s', (text, expected) => expect(isProxyRange(text)).toBe(expected));

it('never trusts what a client prepends, and never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('X-Forwarded-For', 'X-Real-IP', 'CF-Connecting-IP'), (forged, addressHeader) => {
      const headers = { [addressHeader.toLowerCase()]: `${forged}, ${CLIENT}` };
      expect(clientAddress(PROXY, headers, { addressHeader, trustedProxies: ['loopback'] })).toBe(CLIENT);
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (peer, forwarded) => {
      clientAddress(peer, { forwarded }, { addressHeader: 'forwarded', trustedProxies: [peer, 'loopback'] });
      clientAddress(PROXY, { forwarded }, { addressHeader: 'forwarded', trustedProxies: ['loopback'] });
    }),
  );
});
