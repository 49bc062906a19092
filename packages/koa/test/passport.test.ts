import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { auditPassport } from '@auditlogin/core';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { KoaPassport } from 'koa-passport';
import session from 'koa-session';
import { Strategy } from 'passport-local';
import { auditLogin, type AuditLoginOptions } from '../src/index.js';

let auditor: RecordingAuditor;
let server: Server;
beforeEach(() => {
  auditor = recordingAuditor();
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await auditor.close();
});

/** Starts an application with koa-passport and a form. `/enter` is not a known login route. */
async function start(options: AuditLoginOptions = {}): Promise<string> {
  const app = new Koa();
  app.silent = true;
  app.keys = ['k'];
  const passport = new KoaPassport();
  auditPassport(passport);
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id, done) => done(null, { id: id as string }));
  passport.use(
    new Strategy((username, password, done) => {
      if (password === 'broken') return done(new Error('directory is down'));
      return password === 'right' ? done(null, { id: username }) : done(null, false, { message: `Wrong password, ${username}` });
    }),
  );
  app.use(auditLogin({ auditor, ...options }));
  app.use(session(app) as Koa.Middleware);
  app.use(bodyParser() as Koa.Middleware);
  app.use(passport.initialize() as Koa.Middleware);
  app.use(passport.session() as Koa.Middleware);
  const router = new Router();
  router.post('/enter', passport.authenticate('local', { successRedirect: '/', failureRedirect: '/' }) as never);
  router.post('/callback-form', (context, next) =>
    (
      passport.authenticate('local', (_error: unknown, user: object | false) => {
        context.body = user ? 'welcome' : 'again';
      }) as never as (context: Context, next: () => unknown) => unknown
    )(context as never, next),
  );
  app.use(router.routes() as unknown as Koa.Middleware);
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function post(url: string, username: string, password: string, cookie = ''): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', cookie, connection: 'close' },
    body: JSON.stringify({ username, password }),
  });
}

it.each(['/enter', '/callback-form'])('records logins by koa-passport on %s, which is not a known login route', async (path) => {
  const base = await start();
  await post(base + path, 'ann', 'right');
  await post(base + path, 'ann', 'wrong');
  await post(base + path, 'ann', 'broken');
  const events = await auditor.settled(3);
  expect(events).toMatchObject([
    {
      actor: { id: 'ann' },
      is_failure: false,
      fields: { outcome: 'success', evidence: 'passport', found_by: 'effect', method: 'password' },
    },
    { is_anonymous: true, fields: { outcome: 'failure', reason: 'wrong_password' } },
    { is_anonymous: true, fields: { outcome: 'failure', reason: 'server_error' } },
  ]);
  expect(auditor.problems).toEqual([]);
});

it('records a failure if somebody who is logged in types a wrong password for another account', async () => {
  const base = await start();
  const first = await post(`${base}/enter`, 'ann', 'right');
  const cookie = first.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  await auditor.settled(1);
  auditor.clear();
  await post(`${base}/enter`, 'bob', 'wrong', cookie);
  expect(await auditor.settled(1)).toMatchObject([{ is_anonymous: true, fields: { outcome: 'failure' } }]);
});

it('does not listen to Passport with `passport: false`', async () => {
  const base = await start({ passport: false });
  await post(`${base}/enter`, 'ann', 'wrong');
  await post(`${base}/enter`, 'ann', 'right');
  expect(await auditor.settled(1)).toMatchObject([{ actor: { id: 'ann' }, fields: { evidence: 'session' } }]);
});
