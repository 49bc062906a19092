import { noPostgres, startPostgres } from '../../engines/servers.js';
import type { Service } from './application.js';

/** PostgreSQL, whose address applications get in DATABASE_URL. */
export const postgres: Service = {
  missing: noPostgres,
  async start() {
    const { url, stop } = await startPostgres();
    return { env: { DATABASE_URL: url }, stop };
  },
};
