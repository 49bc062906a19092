import { createRequire } from 'node:module';
import { auditLogin } from '@auditlogin/express';

export default function makeApp() {
  // What "express" is for this folder.
  const express = createRequire(import.meta.url)('express');
  const app = express();
  const api = express.Router();
  api.post('/login', (_request, response) => response.end());
  api.post('/verify-otp', (_request, response) => response.end());
  app.use('/api/:tenant', auditLogin({ routes: ['POST /api/:tenant/login'] }), api);
  app.post('/login', (_request, response) => response.end());
  return app;
}
