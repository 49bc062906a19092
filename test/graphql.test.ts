import { hash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import { type AuditEvent, auditLogin, graphqlLogin } from '@auditlogin/express';
import { auditLogin as fastifyAudit } from '@auditlogin/fastify';
import { recordingAuditor } from '@auditlogin/testing';
import { useAPQ } from '@graphql-yoga/plugin-apq';
import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import express, { type RequestHandler } from 'express';
import fastify from 'fastify';
import { buildSchema, GraphQLError, parse } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/express';
import { createSchema, createYoga } from 'graphql-yoga';
import mercurius from 'mercurius';

const SCHEMA = `
  type Query { hello: String! }
  type Mutation { login(username: String!, password: String!): Session, logout: Boolean }
  type Session { token: String!, user: User! }
  type User { id: ID!, name: String! }
`;
const PASSWORD = 'right-canary-40d1';
const WRONG = 'wrong-canary-77ab';

interface Credentials {
  username: string;
  password: string;
}

/** Alice can log in, bob is locked, and the server fails for carol. */
function login({ username, password }: Credentials): object | null {
  if (username === 'bob') throw new GraphQLError('locked', { extensions: { code: 'ACCOUNT_LOCKED' } });
  if (username === 'carol') throw new Error('the database is away');
  if (password !== PASSWORD) return null;
  return { token: 'an-opaque-token-0123456789', user: { id: `u-${username}`, name: username } };
}

/** The options of the audit on both servers. */
const options = { routes: ['POST /graphql'], outcome: graphqlLogin({ field: 'login', parse }) };

interface Running {
  send(body: unknown, accept?: string): Promise<Response>;
  close(): Promise<unknown>;
}

/** What a server can do beside single documents. */
interface GraphqlServer {
  start(): Promise<Running>;
  batches?: true;
  persists?: true;
  defers?: true;
}

const audit = recordingAuditor();
const resolvers = {
  Query: { hello: () => 'world' },
  Mutation: { login: (_root: unknown, args: Credentials) => login(args), logout: () => true },
};

async function onExpress(handler: RequestHandler): Promise<Running> {
  const app = express();
  app.use(auditLogin({ auditor: audit, ...options }), express.json());
  app.all('/graphql', handler);
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return running(server, () => new Promise((resolve) => server.close(resolve)));
}

const servers: Record<string, GraphqlServer> = {
  'graphql-http': {
    start: () =>
      onExpress(createHandler({ schema: buildSchema(SCHEMA), rootValue: { hello: 'world', login, logout: () => true } }) as RequestHandler),
  },
  'Apollo Server': {
    async start() {
      const apollo = new ApolloServer({ typeDefs: SCHEMA, resolvers, allowBatchedHttpRequests: true, stopOnTerminationSignals: false });
      await apollo.start();
      const { send, close } = await onExpress(expressMiddleware(apollo));
      return { send, close: () => Promise.all([close(), apollo.stop()]) };
    },
    batches: true,
    persists: true,
  },
  'GraphQL Yoga': {
    start: () =>
      onExpress(
        createYoga({
          schema: createSchema({ typeDefs: SCHEMA, resolvers }),
          plugins: [useAPQ(), useDeferStream()],
          batching: true,
          logging: false,
        }) as unknown as RequestHandler,
      ),
    batches: true,
    persists: true,
    defers: true,
  },
  mercurius: {
    async start() {
      const app = fastify();
      await app.register(fastifyAudit, { auditor: audit, ...options });
      await app.register(mercurius, {
        schema: SCHEMA,
        resolvers,
        // mercurius loads its cache by a dynamic import, which Jest does not support.
        cache: false,
        allowBatchedQueries: true,
        persistedQueryProvider: mercurius.persistedQueryDefaults.automatic(),
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return running(app.server, () => app.close());
    },
    batches: true,
    persists: true,
  },
};

function running(server: Server, close: () => Promise<unknown>): Running {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return {
    send(body, accept = 'application/json') {
      const headers = { 'content-type': 'application/json', accept, connection: 'close' };
      return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    },
    close,
  };
}

const loginAs = (username: string, password: string, alias = ''): string =>
  `${alias} login(username: "${username}", password: "${password}") { token user { id name } }`;
const mutation = (...fields: string[]): { query: string } => ({ query: `mutation { ${fields.join(' ')} }` });
const brief = (events: readonly AuditEvent[]): string[] =>
  events.map(({ actor, fields = {} }) => [fields['outcome'], fields['reason'], actor?.id].filter(Boolean).join(' '));

const attemptOf = ({ fields }: AuditEvent): number => Number(fields?.['attempt'] ?? 1);

const PERSISTED = mutation(loginAs('alice', PASSWORD)).query;
const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', PERSISTED) } };
const ALICE = 'success u-alice';
const FAILURE = 'failure';

describe.each(Object.entries(servers))('graphqlLogin on a live %s', (_name, { start, batches, persists, defers }) => {
  let server: Running;
  beforeAll(async () => void (server = await start()));
  afterAll(() => server.close());

  /** Sends a request and returns its recorded attempts, in their order. */
  async function recorded(body: unknown, accept?: string): Promise<string[]> {
    audit.clear();
    await (await server.send(body, accept)).text();
    await audit.flush();
    expect(JSON.stringify(audit.events)).not.toMatch(/canary|opaque-token/);
    return brief([...audit.events].sort((one, other) => attemptOf(one) - attemptOf(other)));
  }

  test.each<[string, unknown, string[]]>([
    ['the right password', mutation(loginAs('alice', PASSWORD)), [ALICE]],
    ['a wrong one', mutation(loginAs('alice', WRONG)), [FAILURE]],
    ['an error with a reason', mutation(loginAs('bob', PASSWORD)), ['failure account_locked']],
    ['an error of the server', mutation(loginAs('carol', PASSWORD)), [FAILURE]],
    [
      'guesses under aliases, one of which is right',
      mutation(loginAs('alice', WRONG, 'a:'), loginAs('alice', WRONG, 'b:'), loginAs('alice', PASSWORD, 'c:'), loginAs('bob', WRONG, 'd:')),
      [FAILURE, FAILURE, ALICE, 'failure account_locked'],
    ],
    ['a wrong password under the name of another field', mutation('login: logout', loginAs('alice', WRONG, 'hello:')), [FAILURE]],
    [
      'variables and a fragment',
      {
        query: `mutation Enter($u: String!, $p: String!) { ...Entry } fragment Entry on Mutation { x: login(username: $u, password: $p) { user { id } token } }`,
        variables: { u: 'alice', p: PASSWORD },
        operationName: 'Enter',
      },
      [ALICE],
    ],
    ['a request that validation refuses', mutation('login(username: "alice") { token }'), [FAILURE]],
    ['a query that is no login', { query: '{ hello }' }, []],
    ['a login that is skipped', mutation(loginAs('alice', WRONG).replace('{', '@skip(if: true) {'), 'logout'), []],
  ])('%s', async (_what, body, expected) => expect(await recorded(body)).toEqual(expected));

  test('names each attempt by its own arguments, where the answer names no account', async () => {
    const guess = (alias: string, username: string, password: string): string =>
      `${alias}: login(username: ${username}, password: "${password}") { token }`;
    const fields = [guess('a', '"dora@corp.example"', WRONG), guess('b', '"alice@corp.example"', PASSWORD), guess('c', '$who', WRONG)];
    expect(await recorded({ query: `mutation($who: String!) { ${fields.join(' ')} }`, variables: { who: 'erik@corp.example' } })).toEqual([
      FAILURE,
      'success alice@corp.example',
      FAILURE,
    ]);
    const events = [...audit.events].sort((one, other) => attemptOf(one) - attemptOf(other));
    expect(events.map(({ fields = {} }) => fields['identity'] ?? fields['actor_source'])).toEqual([
      'd***@corp.example',
      'typed',
      'e***@corp.example',
    ]);
  });

  test('a persisted query, if the server stores it', async () => {
    expect(await recorded({ extensions })).toEqual([]);
    expect(await recorded({ query: PERSISTED, extensions })).toEqual([ALICE]);
    expect(await recorded({ extensions })).toEqual([persists ? ALICE : FAILURE]);
  });

  if (batches) {
    test('a batch', async () => {
      const batch = [mutation(loginAs('alice', WRONG)), { query: '{ hello }' }, mutation(loginAs('alice', PASSWORD))];
      expect(await recorded(batch)).toEqual([FAILURE, ALICE]);
    });
  }

  if (defers) {
    test('a deferred part, whose answer comes as a stream, proves nothing', async () => {
      const deferred = (password: string): object => mutation(loginAs('alice', password).replace('user {', '... @defer { user {') + ' }');
      expect(await recorded(deferred(PASSWORD), 'multipart/mixed')).toEqual(['unknown']);
      expect(await recorded(deferred(WRONG), 'multipart/mixed')).toEqual(['unknown']);
    });
  }
});
