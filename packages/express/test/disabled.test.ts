import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { auditLogin, mark } from '../src/index.js';

it('says nothing about markers while the audit is disabled', async () => {
  const warnings: unknown[] = [];
  const note = (warning: { code?: string }): void => void warnings.push(warning.code);
  process.on('warning', note);
  const app = express();
  app.use(auditLogin({ enabled: false }));
  app.post('/login', (request, response) => {
    mark(request).failure('wrong_password');
    response.status(401).end();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/login`, { method: 'POST' });
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
  process.off('warning', note);
  expect([status, warnings]).toEqual([401, []]);
});
