const { join } = require('node:path');

module.exports = ({ env }) => ({
  host: '127.0.0.1',
  port: env.int('PORT'),
  app: { keys: ['a-key-of-the-test', 'another-key-of-the-test'] },
  dirs: { public: join(env('DATA_DIR'), 'public') },
  proxy: { koa: true },
});
