import { demoAccounts, serve } from '@auditlogin/example-shared';
import { createApp } from './app.js';

const accounts = await demoAccounts();
const { app, audit } = createApp(accounts);
await serve(
  () => app.callback(),
  () => audit.auditor.close(),
);
accounts.close();
