import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';
const ALICE = 'alice@example.com';

const send = (path: string) => (client: Client, email: string, password: string) => client.post(path, { json: { email, password } });
const login = send('/login');
const refused = (typed: string): ExpectedEvent[] => [{ outcome: 'failure', typed }];

export const application = defineApplication<{ alice: string }>({
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    return { alice: (await send('/register')(client, ALICE, PASSWORD)).at('user', 'id') };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => login(client, ALICE, PASSWORD),
      statuses: [200],
      events: ({ alice }) => [{ outcome: 'success', account: alice }],
    },
    {
      name: 'the other path',
      drive: (client) => send('/signin')(client, ALICE, PASSWORD),
      statuses: [200],
      events: ({ alice }) => [{ outcome: 'success', account: alice }],
    },
    { name: 'wrong password', drive: (client) => login(client, ALICE, WRONG), statuses: [400], events: refused(ALICE) },
    {
      name: 'unknown user',
      drive: (client) => login(client, 'nobody@example.com', WRONG),
      statuses: [400],
      events: refused('nobody@example.com'),
    },
    { name: 'invalid', drive: (client) => client.post('/login', { json: { email: ALICE } }), statuses: [400], events: refused(ALICE) },
  ],
});
