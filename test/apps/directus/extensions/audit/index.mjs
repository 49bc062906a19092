// A hook extension: Directus calls it before it mounts any middleware of its own.
import { auditLogin } from '@auditlogin/express';

const audit = { preset: 'directus' };

export default ({ init }) =>
  init('middlewares.before', ({ app }) => {
    const middleware = auditLogin(audit);
    app.use(middleware);
    process.once('SIGTERM', () => void middleware.auditor.close());
  });
