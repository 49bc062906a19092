const { auditLogin } = require('@auditlogin/express');

/** A middleware plugin of Verdaccio, which is an application of Express. */
module.exports = () => ({
  register_middlewares(app) {
    const audit = auditLogin({ preset: 'verdaccio', identity: ({ body }) => body?.name });
    process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
    app.use(audit);
  },
});
