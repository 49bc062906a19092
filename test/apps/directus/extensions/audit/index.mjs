// A hook extension, which Directus calls before it mounts its own middleware.
import { auditLogin } from '@auditlogin/express';

const audit = { preset: 'directus' };

export default ({ init }) =>
  init('middlewares.before', ({ app }) => {
    const middleware = auditLogin(audit);
    app.use(middleware);
    process.once('SIGTERM', () => void middleware.auditor.close());
  });
