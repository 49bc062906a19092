// json-server-auth, mounted on json-server as its README says. Its login route is the Express 4 pattern `/login|signin`.
import { auditLogin } from '@auditlogin/express';
import jsonServer from 'json-server';
import auth from 'json-server-auth';

const app = jsonServer.create();
if (process.env.AUDIT === '1') {
  const audit = auditLogin();
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
const router = jsonServer.router({ users: [] });
app.db = router.db;
app.use(auth);
app.use(router);
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
