const { auditLogin } = require('@auditlogin/koa');

module.exports = (options) => {
  const middleware = auditLogin(options);
  process.once('SIGTERM', () => void middleware.auditor.close().finally(() => process.exit()));
  return middleware;
};
