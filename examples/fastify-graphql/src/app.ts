import { randomBytes } from 'node:crypto';
import type { Accounts } from '@auditlogin/example-shared';
import { auditLogin, type AuditLoginOptions } from '@auditlogin/fastify';
import fastify, { type FastifyInstance } from 'fastify';
import mercurius from 'mercurius';

const SCHEMA = `
  type Query { hello: String! }
  type Mutation { login(username: String!, password: String!): Login! }
  type Login { token: String!, user: User! }
  type User { id: ID!, name: String! }
`;

interface LoginAnswer {
  data?: { login?: { user?: { id: string; name: string } } | null } | null;
  errors?: { extensions?: { code?: string } }[];
}

interface LoginRequest {
  query?: string;
  variables?: { username?: string };
}

/** GraphQL answers 200 whatever happens, so the outcome is in the body of the answer; and only some of its requests are logins. */
const outcome: AuditLoginOptions['outcome'] = ({ body, responseBody }) => {
  if (!/\blogin\b/.test((body as LoginRequest).query?.slice(0, 10_000) ?? '')) return 'skip';
  const { errors, data } = (responseBody ?? {}) as LoginAnswer;
  if (errors?.some(({ extensions }) => extensions?.code === 'ACCOUNT_LOCKED')) return { outcome: 'failure', reason: 'account_locked' };
  if (errors) return { outcome: 'failure', reason: 'invalid_credentials' };
  return data?.login ? 'success' : null;
};

/**
 * GraphQL with mercurius. No resolver knows of the audit: an `outcome` rule and extractors read what there is to see.
 *
 * @param accounts who may log in
 */
export async function createApp(accounts: Accounts): Promise<FastifyInstance> {
  const tokens = new Map<string, string>();
  const app = fastify();
  await app.register(auditLogin, {
    component: 'example-fastify-graphql',
    routes: ['POST /graphql'],
    outcome,
    actor: ({ body }) => accounts.byName((body as LoginRequest).variables?.username ?? '')?.id,
    group: ({ body }) => accounts.byName((body as LoginRequest).variables?.username ?? '')?.tenant,
  });
  await app.register(mercurius, {
    schema: SCHEMA,
    resolvers: {
      Query: { hello: () => 'world' },
      Mutation: {
        async login(_root: unknown, { username, password }: { username: string; password: string }) {
          const result = await accounts.login(username, password);
          if ('account' in result) {
            const token = randomBytes(24).toString('base64url');
            tokens.set(token, result.account.id);
            return { token, user: { id: result.account.id, name: result.account.displayName } };
          }
          const code = result.reason === 'account_locked' ? 'ACCOUNT_LOCKED' : 'INVALID_CREDENTIALS';
          throw new mercurius.ErrorWithProps('Login failed', { code }, 200);
        },
      },
    },
    errorFormatter: (execution) => ({ statusCode: 200, response: { data: execution.data ?? null, errors: [...(execution.errors ?? [])] } }),
  });
  return app;
}
