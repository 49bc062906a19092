import { randomBytes } from 'node:crypto';
import type { Account, Accounts } from '@auditlogin/example-shared';
import { auditLogin, mark } from '@auditlogin/fastify';
import fastifyJwt from '@fastify/jwt';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';

interface Claims {
  sub: string;
  /** The account that really acts under an impersonation (RFC 8693, section 4.1). */
  act?: { sub: string };
}

const CREDENTIALS = {
  body: {
    type: 'object',
    required: ['username', 'password'],
    properties: { username: { type: 'string', maxLength: 254 }, password: { type: 'string', maxLength: 1024 } },
  },
} as const;

/**
 * Creates an API with @fastify/jwt, and operators who can act as their customers.
 *
 * @param accounts the accounts of the application
 */
export async function createApp(accounts: Accounts): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(auditLogin, {
    component: 'example-fastify-jwt',
    rules: [
      { match: 'POST /impersonate', action: 'user.impersonate.start' },
      { match: 'DELETE /impersonate', action: 'user.impersonate.stop' },
    ],
  });
  await app.register(fastifyJwt, { secret: randomBytes(32), sign: { expiresIn: '10m' } });
  const claimsOf = (request: FastifyRequest): Promise<Claims> => request.jwtVerify<Claims>();

  app.post<{ Body: { username: string; password: string } }>('/login', { schema: CREDENTIALS }, async (request, reply) => {
    const { username, password } = request.body;
    const result = await accounts.login(username, password);
    if (!('account' in result)) {
      mark(request).failure(result.reason, 'known' in result ? { actor: actorOf(result.known) } : {});
      return reply.code(401).send({ error: 'invalid_credentials' });
    }
    mark(request).success({ actor: actorOf(result.account), group: result.account.tenant });
    return { token: app.jwt.sign({ sub: result.account.id }) };
  });

  app.post<{ Body: { as: string } }>('/impersonate', async (request, reply) => {
    const { sub } = await claimsOf(request);
    const [operator, customer] = [accounts.byId(sub), accounts.byId(request.body.as)];
    // Only accounts without a tenant are operators.
    if (!operator || !customer || operator.tenant) {
      mark(request).failure(undefined, { action: 'user.impersonate.start', actor: operator ? actorOf(operator) : sub });
      return reply.code(403).send({ error: 'forbidden' });
    }
    mark(request).success({
      action: 'user.impersonate.start',
      actor: actorOf(operator),
      target: actorOf(customer),
      group: customer.tenant,
    });
    return { token: app.jwt.sign({ sub: customer.id, act: { sub: operator.id } }) };
  });

  app.delete('/impersonate', async (request, reply) => {
    const { sub, act } = await claimsOf(request);
    if (!act) return reply.code(409).send({ error: 'nobody is impersonated' });
    mark(request).success({ action: 'user.impersonate.stop', actor: act.sub, target: sub });
    return { token: app.jwt.sign({ sub: act.sub }) };
  });
  return app;
}

function actorOf({ id, displayName }: Account): { id: string; name: string } {
  return { id, name: displayName };
}
