import { auditLogin } from '@auditlogin/fastify';
import fastify from 'fastify';

const end = () => Promise.resolve('');
export const app = async () => {
  const server = fastify({ logger: true });
  server.log.info('the application starts');
  server.register(auditLogin);
  server.post('/login', end);
  server.post('/login/silent', { config: { auditLogin: false } }, end);
  server.post('/enter', { config: { auditLogin: { method: () => 'magic_link' } } }, end);
  await server.register(
    async (api) => {
      api.post('/sign-in/email', end);
      api.post('/totp/verify', end);
      api.get('/orders', end);
      api.all('/auth/*', end);
    },
    { prefix: '/api' },
  );
  return server;
};
