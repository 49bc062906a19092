import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { auditPassport } from '@auditlogin/core';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import express from 'express';
import { Passport } from 'passport';
import { Strategy as Local } from 'passport-local';
import { auditLogin } from '../src/index.js';

/** A strategy that accepts requests with the right word in a given place. */
class Word {
  success!: (user: object) => void;
  fail!: (challenge?: unknown, status?: number) => void;
  redirect!: (url: string) => void;
  pass!: () => void;
  constructor(
    readonly name: string,
    private readonly look: (request: express.Request) => string | undefined,
  ) {}
  authenticate(request: express.Request): void {
    const word = this.look(request);
    if (word === undefined) this.fail('Word realm="x"');
    else if (word === 'away') this.redirect('https://provider.example/');
    else if (word === 'pass') this.pass();
    else if (word === 'right') this.success({ id: 'ann' });
    else this.fail({ message: 'wrong word' });
  }
}
const inBody = ({ body }: express.Request): string | undefined => (body as { word?: string }).word;
const inHeader = ({ headers }: express.Request): string | undefined => headers.authorization?.split(' ')[1];

let auditor: RecordingAuditor;
let server: Server | undefined;
beforeEach(() => {
  auditor = recordingAuditor();
});
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  await auditor.close();
});

async function serve(build: (app: express.Express, passport: InstanceType<typeof Passport>) => void): Promise<string> {
  const app = express();
  const passport = new Passport();
  auditPassport(passport);
  app.use(auditLogin({ auditor }), express.json());
  build(app, passport);
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (url: string, body: object = {}, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify(body),
  });

/** Passport changes its options, so every call gets new ones. */
const only = (): { session: boolean } => ({ session: false });
const ok = (_request: express.Request, response: express.Response): void => void response.json({ fine: 1 });
/** Logs in and waits for the event, so that any earlier event has been recorded, too. */
const last = async (base: string): Promise<readonly object[]> => {
  await post(`${base}/login`);
  return auditor.settled(2, 150);
};

it.each(['jwt', 'bearer', 'headerapikey', 'session', 'anonymous'])('records no login if %s recognises somebody', async (name) => {
  const base = await serve((app, passport) => {
    passport.use(new Word(name, inHeader) as never);
    app.post('/news', passport.authenticate(name, only()) as express.RequestHandler, ok);
    app.post('/login', (_request, response) => void response.status(401).json({}));
  });
  await post(`${base}/news`, {}, { authorization: 'Bearer right' });
  await post(`${base}/news`, {}, { authorization: 'Bearer wrong' });
  expect(await last(base)).toMatchObject([{ fields: { route: '/login' } }]);
});

it('records a login by Basic on a login route only', async () => {
  const base = await serve((app, passport) => {
    passport.use(new Word('basic', inHeader) as never);
    for (const path of ['/news', '/login']) app.post(path, passport.authenticate('basic', only()) as express.RequestHandler, ok);
  });
  await post(`${base}/news`, {}, { authorization: 'Basic right' });
  await post(`${base}/news`, {}, { authorization: 'Basic wrong' });
  await post(`${base}/login`, {}, { authorization: 'Basic right' });
  await post(`${base}/login`, {}, { authorization: 'Basic wrong' });
  expect(await auditor.settled(3, 200)).toMatchObject([
    { actor: { id: 'ann' }, fields: { route: '/login', outcome: 'success', evidence: 'passport' } },
    { is_anonymous: true, fields: { route: '/login', outcome: 'failure' } },
  ]);
});

it('does not read the Basic credentials that a browser repeats as the result of the form', async () => {
  const base = await serve((app, passport) => {
    passport.use(new Word('basic', inHeader) as never);
    app.post('/login', passport.authenticate('basic', only()) as express.RequestHandler, ok);
  });
  await post(`${base}/login`, { username: 'bob', password: 'wrong' }, { authorization: 'Basic right' });
  const [event] = await auditor.settled(1);
  expect(event?.fields).not.toMatchObject({ evidence: 'passport' });
});

it('uses the last verdict of several strategies', async () => {
  const base = await serve((app, passport) => {
    passport.use('first', new Word('local', ({ body }) => (body as { first?: string }).first) as never);
    passport.use('second', new Word('local', inBody) as never);
    app.post('/enter', passport.authenticate(['first', 'second'], only()) as express.RequestHandler, ok);
  });
  await post(`${base}/enter`, { first: 'wrong', word: 'right' });
  await post(`${base}/enter`, { first: 'right' });
  await post(`${base}/enter`, { first: 'wrong', word: 'wrong' });
  expect(await auditor.settled(3)).toMatchObject([
    { fields: { outcome: 'success' } },
    { fields: { outcome: 'success' } },
    { fields: { outcome: 'failure' } },
  ]);
});

it('listens to a strategy that is passed as an object and has no name', async () => {
  const base = await serve((app, passport) => {
    app.post('/enter', passport.authenticate(new Word('local', inBody) as never, only()) as express.RequestHandler, ok);
  });
  await post(`${base}/enter`, { word: 'wrong' });
  expect(await auditor.settled(1)).toMatchObject([{ fields: { outcome: 'failure', evidence: 'passport' } }]);
});

it('records no login for a redirect to a provider, a pass, or an account that is connected by `authorize()`', async () => {
  const base = await serve((app, passport) => {
    passport.use(new Word('acme', inBody) as never);
    app.post('/enter', passport.authenticate('acme', only()) as express.RequestHandler, ok);
    app.post('/connect', passport.authorize('acme', only()) as express.RequestHandler, ok);
    app.post('/login', (_request, response) => void response.status(401).json({}));
  });
  await post(`${base}/enter`, { word: 'away' });
  await post(`${base}/enter`, { word: 'pass' });
  await post(`${base}/connect`, { word: 'right' });
  expect(await last(base)).toMatchObject([{ fields: { route: '/login' } }]);
});

it('passes a verdict on to the application even if its user cannot be read', async () => {
  const base = await serve((app, passport) => {
    const hostile = {
      get id(): string {
        throw new Error('lazy');
      },
    };
    passport.use(new Local((_name, _password, done) => done(null, hostile)));
    app.post('/enter', passport.authenticate('local', only()) as express.RequestHandler, ok);
  });
  expect((await post(`${base}/enter`, { username: 'ann', password: 'right' })).status).toBe(200);
  expect(await auditor.settled(1)).toMatchObject([{ fields: { outcome: 'success' } }]);
  expect(auditor.problems).toEqual([]);
});
