// A hook extension, which Directus calls before it mounts its own middleware.
import { auditLogin, graphqlLogin } from '@auditlogin/express';
import { parse } from 'graphql';

const audit = { preset: 'directus' };

export default ({ init }) =>
  init('middlewares.before', ({ app }) => {
    const middleware = auditLogin(audit);
    const { auditor } = middleware;
    app.use(middleware);
    app.post('/graphql/system', auditLogin({ auditor, outcome: graphqlLogin({ field: 'auth_login', parse }) }));
    process.once('SIGTERM', () => void auditor.close());
  });
