// Verdaccio, started from a program, with the audit as a middleware plugin.
const { join } = require('node:path');
const { runServer } = require('verdaccio');

const data = process.env.DATA_DIR;
const configuration = {
  self_path: join(data, 'config.yaml'),
  storage: join(data, 'storage'),
  plugins: __dirname,
  auth: { htpasswd: { file: join(data, 'htpasswd'), algorithm: 'bcrypt', rounds: 4 } },
  packages: { '**': { access: '$all', publish: '$authenticated' } },
  security: { api: { jwt: { sign: { expiresIn: '1h' } } } },
  server: { trustProxy: '127.0.0.1' },
  userRateLimit: { windowMs: 600_000, max: 5 },
  middlewares: process.env.AUDIT === '1' ? { auditlogin: {} } : {},
  log: { type: 'stdout', format: 'json', level: 'fatal' },
};

runServer(configuration).then((server) => server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening')));
