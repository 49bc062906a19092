const audit = {
  name: 'global::audit',
  config: {
    routes: ['POST /api/auth/local', 'POST /admin/login'],
    rules: [
      { match: 'POST /api/auth/logout', action: 'user.logout' },
      { match: 'POST /api/auth/refresh', action: 'user.session.refresh' },
      { match: 'POST /admin/logout', action: 'user.logout' },
      { match: 'POST /admin/access-token', action: 'user.session.refresh' },
    ],
  },
};

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
