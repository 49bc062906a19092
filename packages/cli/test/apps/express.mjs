import { auditLogin } from '@auditlogin/express';
import express, { Router } from 'express';

const end = (_request, response) => response.end();
export const app = express();
app.post('/early/login', end);
app.use(auditLogin({ rules: [{ match: 'POST /api/logout', action: 'user.logout' }] }));

const api = Router();
const inner = Router();
inner.route('/login').get(end).post(end);
inner.post('/enter', auditLogin(), end);
inner.post('/magic-link/send', end);
api.use('/v1', inner);
api.post('/logout', end);
api.post('/sign-out', end);
api.post('/sessions', end);
app.use('/api', api);

const admin = express();
admin.post('/', end);
admin.post('/login', end);
admin.post('/otp', end);
app.use('/admin', admin);

app.all('/api/auth/*splat', end);
app.post('/oauth/token', end);
app.post('/graphql', end);
app.post('/orders', end);
app.use('/files/*splat', express.static('.'));
console.log('the application starts');
app.listen(3000);
