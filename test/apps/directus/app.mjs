// Directus 11, started like `directus bootstrap` and `directus start`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const settings = {
  HOST: '127.0.0.1',
  SECRET: 'a-secret-of-the-test',
  PUBLIC_URL: `http://127.0.0.1:${process.env.PORT}`,
  DB_CLIENT: 'pg',
  DB_CONNECTION_STRING: process.env.DATABASE_URL,
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: 'correct-horse-battery',
  EXTENSIONS_PATH: process.env.AUDIT === '1' ? './extensions' : join(process.env.DATA_DIR, 'extensions'),
  STORAGE_LOCAL_ROOT: join(process.env.DATA_DIR, 'uploads'),
  RATE_LIMITER_ENABLED: 'true',
  RATE_LIMITER_POINTS: '60',
  RATE_LIMITER_DURATION: '3600',
  LOGIN_STALL_TIME: '10',
  SERVE_APP: 'false',
  TELEMETRY: 'false',
  LOG_LEVEL: 'error',
};
Object.assign(process.env, settings);
spawnSync(process.execPath, ['node_modules/directus/cli.js', 'bootstrap'], { stdio: 'inherit' });
const { default: emitter } = await import('@directus/api/emitter');
emitter.onAction('server.start', () => console.log('listening'));
const { startServer } = await import('@directus/api/server');
await startServer();
