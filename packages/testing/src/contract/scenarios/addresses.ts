import { ok, post, type Scenario } from './scenario.js';

/** The client's address. */
export const addresses: readonly Scenario[] = [
  {
    name: 'a forwarded address is ignored without a trusted proxy',
    handler: ok,
    client: (client) => post(client, { headers: { 'x-forwarded-for': '203.0.113.7' } }),
    expected: [{ source_ip: '127.0.0.1' }],
  },
  {
    name: 'with one trusted proxy the address is the one that the proxy saw',
    setup: { trustedProxies: 1 },
    handler: ok,
    async client(client) {
      for (const address of ['203.0.113.7', '::ffff:203.0.113.8', '2001:db8::7'])
        await post(client, { headers: { 'x-forwarded-for': `198.51.100.9, ${address}` } });
    },
    expected: [{ source_ip: '203.0.113.7' }, { source_ip: '203.0.113.8' }, { source_ip: '2001:db8:0:0:0:0:0:7' }],
  },
  {
    name: 'with two trusted proxies the address is the one that the outer proxy saw',
    setup: { trustedProxies: 2 },
    handler: ok,
    client: (client) => post(client, { headers: { 'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.0.0.1' } }),
    expected: [{ source_ip: '203.0.113.7' }],
  },
  {
    name: 'the configured header is read from a trusted proxy',
    options: { addressHeader: 'CF-Connecting-IP', trustedProxies: ['loopback'] },
    handler: ok,
    client: (client) => post(client, { headers: { 'cf-connecting-ip': '203.0.113.9' } }),
    expected: [{ source_ip: '203.0.113.9' }],
  },
  {
    name: 'the configured header is ignored from other peers',
    options: { addressHeader: 'CF-Connecting-IP', trustedProxies: ['10.0.0.0/8'] },
    handler: ok,
    client: (client) => post(client, { headers: { 'cf-connecting-ip': '203.0.113.9' } }),
    expected: [{ source_ip: '127.0.0.1' }],
  },
  {
    name: 'an extractor can return the address',
    options: { address: ({ headers }) => headers['x-client'] as string },
    handler: ok,
    client: (client) => post(client, { headers: { 'x-client': '203.0.113.10' } }),
    expected: [{ source_ip: '203.0.113.10' }],
  },
  {
    name: 'records IPv6 and IPv4-mapped clients of one socket',
    setup: { host: '::' },
    handler: ok,
    client: async (client) => [await post(client), await post(client, { host: '::1' })],
    expected: [{ source_ip: '127.0.0.1' }, { source_ip: '0:0:0:0:0:0:0:1' }],
  },
];
