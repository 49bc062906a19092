import { recordingAuditor } from '@auditlogin/testing';
import fastify from 'fastify';
import { auditLogin, mark } from '../src/index.js';

it('follows the config of a route: audited, not audited, or with its own options', async () => {
  const auditor = recordingAuditor();
  const app = fastify();
  await app.register(auditLogin, { auditor });
  app.post('/enter', { config: { auditLogin: { group: () => 'acme', method: () => 'magic_link' } } }, () => Promise.resolve({}));
  app.post('/always', { config: { auditLogin: true } }, () => Promise.resolve({}));
  app.post('/login', { config: { auditLogin: false } }, () => Promise.resolve({}));
  await app.register((child, _options, done) => {
    child.post('/child/login', (request) => {
      mark(request).success({ actor: 'u1' });
      return Promise.resolve({});
    });
    done();
  });
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const url of ['/enter', '/always', '/login', '/child/login'])
    await fetch(base + url, { method: 'POST', headers: { connection: 'close' } });
  const events = await auditor.settled(3);
  expect(events).toMatchObject([
    { group: { id: 'acme' }, fields: { method: 'magic_link', route: '/enter' } },
    { fields: { route: '/always' } },
    { actor: { id: 'u1' }, fields: { route: '/child/login' } },
  ]);
  await app.close();
  await auditor.close();
});

it('stops the application and names an invalid option of a route', async () => {
  const auditor = recordingAuditor();
  const app = fastify();
  await app.register(auditLogin, { auditor });
  expect(() => app.post('/x', { config: { auditLogin: { grup: () => 'a' } as never } }, () => Promise.resolve({}))).toThrow(
    /Unknown option "grup"; did you mean "group"/,
  );
  await app.close();
  await auditor.close();
});
