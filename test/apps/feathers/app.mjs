// Feathers 5, set up as its authentication guide says, on Express and on Koa.
import { auditLogin as auditExpress } from '@auditlogin/express';
import { auditLogin as auditKoa } from '@auditlogin/koa';
import { authenticate, AuthenticationService, JWTStrategy } from '@feathersjs/authentication';
import { hooks as local, LocalStrategy } from '@feathersjs/authentication-local';
import feathersExpress from '@feathersjs/express';
import { feathers } from '@feathersjs/feathers';
import * as feathersKoa from '@feathersjs/koa';
import { MemoryService } from '@feathersjs/memory';
import { rateLimit } from 'express-rate-limit';
import rateLimitOfKoa from 'koa-ratelimit';
import { once } from 'node:events';

const audit = { preset: 'feathers', actor: ({ responseBody }) => responseBody?.user?.id };

function onExpress() {
  const app = feathersExpress.default(feathers());
  if (process.env.AUDIT === '1') app.use(auditing(auditExpress(audit)));
  app.use(feathersExpress.json());
  const keyGenerator = (request) => String(request.body.email);
  app.use('/authentication', rateLimit({ limit: 3, windowMs: 600_000, keyGenerator, skip: (request) => !isGuess(request.body) }));
  app.configure(feathersExpress.rest());
  app.configure(services);
  app.use(feathersExpress.notFound());
  app.use(feathersExpress.errorHandler({ logger: false, html: false }));
  return app;
}

function onKoa() {
  const app = feathersKoa.koa(feathers());
  if (process.env.AUDIT === '1') app.use(auditing(auditKoa(audit)));
  app.use(feathersKoa.errorHandler());
  app.use(feathersKoa.parseAuthentication());
  app.use(feathersKoa.bodyParser());
  const limit = rateLimitOfKoa({ driver: 'memory', db: new Map(), duration: 600_000, max: 3, id: (context) => context.request.body.email });
  app.use((context, next) => (context.path === '/authentication' && isGuess(context.request.body) ? limit(context, next) : next()));
  app.configure(feathersKoa.rest());
  app.configure(services);
  return app;
}

function services(app) {
  app.set('authentication', {
    secret: 'a-secret-of-the-test-that-is-long-enough',
    entity: 'user',
    service: 'users',
    authStrategies: ['jwt', 'local'],
    jwtOptions: { header: { typ: 'access' }, audience: 'https://feathersjs.example', algorithm: 'HS256', expiresIn: '1d' },
    local: { usernameField: 'email', passwordField: 'password' },
  });
  const authentication = new AuthenticationService(app);
  authentication.register('jwt', new JWTStrategy());
  authentication.register('local', new LocalStrategy());
  app.use('users', new MemoryService({ paginate: { default: 10, max: 50 } }));
  app.use('authentication', authentication);
  app.service('users').hooks({
    around: { all: [hidePassword], get: [authenticate('jwt')] },
    before: { create: [local.hashPassword('password')] },
  });
}

/** Does the same as a resolver in a generated application. */
async function hidePassword(context, next) {
  await next();
  if (context.params.provider) context.dispatch = { ...context.result, password: undefined };
  else if (context.method === 'get') context.result = { ...context.result };
}

function isGuess(body) {
  return body?.email !== undefined;
}

function auditing(middleware) {
  process.once('SIGTERM', () => void middleware.auditor.close().finally(() => process.exit()));
  return middleware;
}

const app = process.env.TRANSPORT === 'koa' ? onKoa() : onExpress();
const server = await app.listen(Number(process.env.PORT), '127.0.0.1');
if (!server.listening) await once(server, 'listening');
console.log('listening');
