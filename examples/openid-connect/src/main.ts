import { randomBytes } from 'node:crypto';
import { demoAccounts, serve } from '@auditlogin/example-shared';
import { createApp } from './app.js';
import { startProvider } from './provider.js';

const accounts = await demoAccounts();
const closers: (() => unknown)[] = [];
await serve(
  async (address) => {
    const client = { client_id: 'example', client_secret: randomBytes(24).toString('base64url'), redirect_uri: `${address}/callback` };
    const provider = await startProvider(accounts, client);
    const { app, audit } = await createApp(accounts, { ...client, issuer: provider.issuer });
    closers.push(
      () => provider.close(),
      () => audit.auditor.close(),
    );
    return app;
  },
  async () => {
    for (const close of closers) await close();
  },
);
accounts.close();
