// Strapi 5 with its plugin for users. The audit is a global middleware (src/middlewares, config/middlewares.js).
const { createStrapi } = require('@strapi/strapi');
const { mkdirSync } = require('node:fs');
const { join } = require('node:path');

mkdirSync(join(process.env.DATA_DIR, 'public', 'uploads'), { recursive: true });
void createStrapi({ appDir: __dirname, distDir: __dirname })
  .start()
  .then(() => console.log('listening'));
