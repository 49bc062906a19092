import { type AuditError, createAuditor } from '../src/index.js';
import { readSettings } from '../src/config/options.js';

const connection = { apiBase: 'http://127.0.0.1:1/auditlog/', project: 'dev', token: 'token-canary' };

function problem(options: object, env: NodeJS.ProcessEnv = {}): AuditError {
  try {
    readSettings(options, env);
  } catch (thrown) {
    return thrown as AuditError;
  }
  throw new Error('no error');
}

it('prefers options to AUDITLOG_ variables, and those to BOOTSTRAP_ variables', () => {
  const env = {
    AUDITLOG_API_BASE: ' https://a.example/x/ \n',
    AUDITLOG_API_PROJECT: 'p',
    BOOTSTRAP_PUBLISHER_PROJECT: 'q',
    BOOTSTRAP_PUBLISHER_TOKEN: 't\n',
  };
  expect(readSettings({}, env)).toMatchObject({ apiBase: 'https://a.example/x', project: 'p', token: 't' });
  expect(readSettings({ project: 'o' }, env)).toMatchObject({ project: 'o' });
});

it('names every missing setting and how to get it', () => {
  const error = problem({}, { AUDITLOG_API_PROJECT: 'p', AUDITLOG_API_TOKEN: '' });
  expect(error.code).toBe('ERR_AUDIT_CONFIG_MISSING');
  expect(error.message).toMatch(/apiBase: set AUDITLOG_API_BASE, or the option "apiBase"/);
  expect(error.message).toMatch(/token: set AUDITLOG_API_TOKEN or BOOTSTRAP_PUBLISHER_TOKEN/);
  expect(error.message).not.toMatch(/project:/);
});

it.each<[object, string, RegExp]>([
  [{ tokn: 'x' }, 'ERR_AUDIT_OPTION_UNKNOWN', /Unknown option "tokn"; did you mean "token"\?/],
  [{ publish: { batchsize: 1 } }, 'ERR_AUDIT_OPTION_UNKNOWN', /"publish.batchsize"; did you mean "publish.batchSize"\?/],
  [{ publish: { batchSize: 51 } }, 'ERR_AUDIT_OPTION_INVALID', /"publish.batchSize" is 51: expected a whole number from 1 to 50\.$/],
  [{ publish: { batchSize: 1.5 } }, 'ERR_AUDIT_OPTION_INVALID', /"publish.batchSize" is 1.5: expected a whole number from 1 to 50\.$/],
  [{ publish: { maxAge: 1 } }, 'ERR_AUDIT_OPTION_INVALID', /"publish.maxAge" is 1: expected a whole number of 1000 or more\.$/],
  [{ closeTimeout: NaN }, 'ERR_AUDIT_OPTION_INVALID', /"closeTimeout" is NaN: expected a whole number from 0 to 600000\.$/],
  [{ enabled: 'no' }, 'ERR_AUDIT_OPTION_INVALID', /"enabled" is "no": expected true or false\.$/],
  [{ component: '' }, 'ERR_AUDIT_OPTION_INVALID', /"component" is "": expected a string of 1 or more characters\.$/],
  [{ spool: [] }, 'ERR_AUDIT_OPTION_INVALID', /"spool" is an array: expected an object\.$/],
  [{ spool: { kind: 1 } }, 'ERR_AUDIT_OPTION_INVALID', /"spool.kind" is 1: expected one of disk, memory\.$/],
  [
    { publish: { backoffMin: 100, backoffMax: 10 } },
    'ERR_AUDIT_OPTION_INVALID',
    /"publish.backoffMax" is 10; expected at least publish.backoffMin, 100/,
  ],
  [{ typedIdentity: 'clear' }, 'ERR_AUDIT_OPTION_INVALID', /"typedIdentity" is "clear": /],
  [
    { apiBase: 'auditlog.example.com' },
    'ERR_AUDIT_OPTION_INVALID',
    /"apiBase" \(from options\) is "auditlog.example.com"; expected an http or https address/,
  ],
  [{ apiBase: 'https://u:pw-canary@h' }, 'ERR_AUDIT_OPTION_INVALID', /address with a password/],
  [{ token: 'token-canary\n' }, 'ERR_AUDIT_OPTION_INVALID', /"token" \(from options\) is empty, or has white space/],
  [
    { token: ['token-canary'] },
    'ERR_AUDIT_OPTION_INVALID',
    /"token" is a value that is not shown \(object\): expected a string or a function\.$/,
  ],
  [{ seal: 'key-canary' }, 'ERR_AUDIT_OPTION_INVALID', /"seal" is a value that is not shown \(string\): expected an object\.$/],
  [{ seal: { key: 'key-canary' } }, 'ERR_AUDIT_OPTION_INVALID', /"seal.key" is a value that is not shown \(string\)/],
  [{ identityKey: 'key-canary' }, 'ERR_AUDIT_OPTION_INVALID', /"identityKey" is a value that is not shown \(string\)/],
  [{ logger: {} }, 'ERR_AUDIT_OPTION_INVALID', /"logger" is an object: expected an object with warn\(\) and error\(\)/],
  [{ onDrop: 1 }, 'ERR_AUDIT_OPTION_INVALID', /"onDrop" is 1: expected a function/],
])('refuses %j', (options, code, message) => {
  const error = problem({ ...connection, ...options });
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(`${error.message}${error.stack}`).not.toContain('canary');
});

it.each([
  [[], 'an array'],
  [null, 'null'],
  [7, '7'],
])('refuses options that are not an object: %j', (options, seen) => {
  expect(problem(options as object)).toMatchObject({
    code: 'ERR_AUDIT_OPTION_INVALID',
    message: `The options are ${seen}; expected an object.`,
  });
});

it('refuses options that throw when they are read, with a code', () => {
  const thrower = () => {
    throw new TypeError('token-canary');
  };
  for (const options of [
    Object.defineProperty({ ...connection }, 'component', { get: thrower, enumerable: true }),
    new Proxy({ ...connection }, { get: thrower, has: thrower, ownKeys: thrower }),
  ]) {
    const error = problem(options);
    expect(error).toMatchObject({
      code: 'ERR_AUDIT_OPTION_INVALID',
      message: 'The options cannot be read: reading them threw (TypeError).',
    });
  }
});

it('uses the defaults of nested options that are left out', () => {
  expect(readSettings({ ...connection, spool: { kind: 'memory' } }, {})).toMatchObject({
    spool: { kind: 'memory', maxEvents: 100_000, required: false },
    publish: { batchSize: 50, inDoubt: 'resend', maxAge: 604_800_000 },
    seal: {},
    lifecycleEvents: false,
  });
});

describe('an auditor that does not know where to publish', () => {
  const saved = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/^(AUDITLOG|BOOTSTRAP_PUBLISHER)_/.test(name)) delete process.env[name];
  });
  afterEach(() => {
    process.env = { ...saved };
  });

  it.each(['production', 'staging', ''])('throws at the start if NODE_ENV is "%s"', (environment) => {
    process.env['NODE_ENV'] = environment;
    expect(() => createAuditor()).toThrow(/auditlogin does not know where to publish/);
  });

  it.each(['development', 'test'])('warns once and audits nothing if NODE_ENV is "%s"', (environment) => {
    process.env['NODE_ENV'] = environment;
    const warn = jest.fn();
    const auditor = createAuditor({ logger: { warn, error: warn } });
    expect(auditor.isEnabled).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0])).toContain('AUDITLOG_API_BASE, AUDITLOG_API_PROJECT, AUDITLOG_API_TOKEN are not set');
  });

  it.each([
    ['enabled: false', { enabled: false }, {}],
    ['AUDITLOG_DISABLED=1', {}, { AUDITLOG_DISABLED: '1' }],
  ])('audits nothing without a warning, with %s', async (_what, options, environment) => {
    Object.assign(process.env, { NODE_ENV: 'production' }, environment);
    const warn = jest.fn();
    const auditor = createAuditor({ ...options, logger: { warn, error: warn } });
    expect(auditor.isEnabled).toBe(false);
    expect(auditor.coverage()).toEqual([]);
    await expect(auditor.record([])).resolves.toBe(true);
    await auditor.close();
    expect(warn).not.toHaveBeenCalled();
  });
});
