import { auditLogin } from '@auditlogin/express';
import express from 'express';

export default express()
  .use(auditLogin())
  .post('/login', (_request, response) => response.end());
