import Router from '@koa/router';
import { auditLogin } from '@auditlogin/koa';
import Koa from 'koa';

const end = (ctx) => (ctx.body = '');
const app = new Koa();
const early = new Router();
early.post('/early/login', end);
const router = new Router({ prefix: '/api' });
const inner = new Router();
inner.post('/login', end);
inner.post('/enter', auditLogin(), end);
router.use('/v1', inner.routes());
router.all('/signin', end);
router.post('/otp', end);
router.delete('/session', end);
router.get('/orders', end);
app.use(early.routes());
app.use(auditLogin({ preset: 'webauthn' }));
app.use(router.routes()).use(router.allowedMethods());

export default Promise.resolve(app);
