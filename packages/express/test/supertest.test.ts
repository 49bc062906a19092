import express from 'express';
import request from 'supertest';
import { auditLogin } from '../src/index.js';
import { type Harness, startHarness } from './harness.js';

let harness: Harness;
beforeAll(async () => (harness = await startHarness()));
afterAll(() => harness.close());

it('audits an application under supertest', async () => {
  const app = express();
  app.use(auditLogin({ auditor: harness.auditor }), express.json());
  app.post('/login', (_request, response) => void response.status(401).json({ error: 'no' }));
  await request(app).post('/login').set('user-agent', 'supertest').send({ email: 'ann@example.com', password: 'pw' }).expect(401);
  const [event] = await harness.events(1);
  expect(event?.fields).toMatchObject({ outcome: 'failure', identity: 'a***@example.com', user_agent: 'supertest', method: 'password' });
});
