const audit = { name: 'global::audit', config: { preset: 'strapi' } };

module.exports = [
  ...(process.env.AUDIT === '1' ? [audit] : []),
  { name: 'strapi::logger', config: { level: 'error' } },
  'strapi::errors',
  'strapi::security',
  'strapi::cors',
  'strapi::poweredBy',
  'strapi::query',
  'strapi::body',
  'strapi::session',
  'strapi::favicon',
  'strapi::public',
];
