import { randomBytes } from 'node:crypto';
import type { Accounts } from '@auditlogin/example-shared';
import { auditLogin, type AuditLoginOptions, graphqlLogin, type GraphqlVerdict } from '@auditlogin/fastify';
import fastify, { type FastifyInstance } from 'fastify';
import { parse } from 'graphql';
import mercurius from 'mercurius';

const SCHEMA = `
  type Query { hello: String! }
  type Mutation { login(username: String!, password: String!): Login! }
  type Login { token: String!, user: User! }
  type User { id: ID!, name: String! }
`;

/**
 * Creates a GraphQL API with mercurius. Every response is 200, and only some requests are logins: `graphqlLogin` reads the outcome of each `login` field. The
 * resolvers do not use the audit.
 *
 * @param accounts the accounts of the application
 */
export async function createApp(accounts: Accounts): Promise<FastifyInstance> {
  const tokens = new Map<string, string>();
  const app = fastify();
  const verdictsOf = graphqlLogin({ field: 'login', parse });
  // The response contains the account, and the application adds the tenant.
  const outcome: AuditLoginOptions['outcome'] = (view) => {
    const verdicts = verdictsOf(view);
    return verdicts === 'skip' ? verdicts : verdicts.map((verdict) => ({ ...verdict, ...tenantOf(accounts, verdict) }));
  };
  await app.register(auditLogin, {
    component: 'example-fastify-graphql',
    routes: ['POST /graphql'],
    outcome,
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

function tenantOf(accounts: Accounts, { actor }: GraphqlVerdict): Pick<GraphqlVerdict, 'group'> {
  const id = (actor as { id: string } | undefined)?.id;
  const tenant = id === undefined ? undefined : accounts.byId(id)?.tenant;
  return tenant === undefined ? {} : { group: tenant };
}
