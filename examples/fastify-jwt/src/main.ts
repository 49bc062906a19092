import { demoAccounts, serve } from '@auditlogin/example-shared';
import { createApp } from './app.js';

const accounts = await demoAccounts();
const app = await createApp(accounts);
await app.ready();
await serve(
  () => app.routing,
  () => app.close(),
);
accounts.close();
