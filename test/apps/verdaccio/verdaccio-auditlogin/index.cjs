const { auditLogin } = require('@auditlogin/express');

const rules = [
  { match: 'PUT /-/user/*name', action: 'user.login' },
  { match: 'DELETE /-/user/token/:token', action: 'user.logout' },
];

/** A middleware plugin of Verdaccio, which is an application of Express. */
module.exports = () => ({
  register_middlewares(app) {
    const audit = auditLogin({ rules, identity: ({ body }) => body?.name ?? body?.username });
    process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
    app.use(audit);
  },
});
