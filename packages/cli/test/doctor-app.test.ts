import { mkdirSync, mkdtempSync, rmSync, copyFileSync, symlinkSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

const APPS = join(__dirname, 'apps');
const MODULES = join(__dirname, '..', '..', '..', 'node_modules');

interface Finding {
  method: string;
  path: string;
  audited: 'default' | 'options' | null;
  action: string | null;
  only: string | null;
  switchedOff: boolean;
  advice: string | null;
}

interface Report {
  framework: string;
  routes: number;
  audits: number;
  findings: Finding[];
}

/** Formats a finding as one line. */
function brief({ method, path, audited, action, only, switchedOff, advice }: Finding): string {
  const how = switchedOff ? 'switched off' : (audited ?? 'no');
  const said = [action !== null && action !== 'user.login' ? action : '', only ?? '', advice ?? ''].filter(Boolean);
  return [`${how}: ${method} ${path}`, ...said].join(' | ');
}

async function examine(file: string): Promise<{ code: number | null; report: Report; stderr: string }> {
  const { code, stdout, stderr } = await run(['doctor', '--timeout', '60000', '--json', '--app', file], { cwd: APPS }).ended;
  return { code, report: JSON.parse(stdout) as Report, stderr };
}

const toName = (route: string): string => `routes: ['${route}'], or mark it in its handler`;

test('finds the routes of Express 5: mounts, nested applications, an audit in front of some routes, an audit on a route', async () => {
  const { code, report, stderr } = await examine('express.mjs');
  expect(report).toMatchObject({ framework: 'Express', audits: 2 });
  expect(report.findings.map(brief)).toEqual([
    'no: POST /early/login | mount auditLogin() in front of it',
    'default: POST /api/v1/login',
    'options: POST /api/v1/enter',
    `no: POST /api/v1/magic-link/send | ${toName('POST /api/v1/magic-link/send')}`,
    'options: POST /api/logout | user.logout',
    "no: POST /api/sign-out | rules: [{ match: 'POST /api/sign-out', action: 'user.logout' }]",
    'default: POST /api/sessions | credential',
    'default: POST /admin/login',
    `no: POST /admin/otp | ${toName('POST /admin/otp')}`,
    'default: ALL /api/auth/*splat | path',
    'default: POST /oauth/token | token',
    "no: POST /graphql | if it logs in: routes: ['POST /graphql'] with outcome: graphqlLogin(…)",
  ]);
  expect([code, stderr]).toEqual([1, 'the application starts\n']);
  expect(existsSync(join(APPS, '.auditlogin'))).toBe(false);
});

test('finds the routes of Express 4: an application from a function, an audit that is mounted on a path', async () => {
  const folder = mkdtempSync(join(APPS, 'express4-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(MODULES, 'express4'), join(folder, 'node_modules', 'express'), 'dir');
    copyFileSync(join(APPS, 'express4.mjs'), join(folder, 'app.mjs'));
    const { code, report } = await examine(join(folder, 'app.mjs'));
    expect(report.findings.map(brief)).toEqual([
      'options: POST /api/:tenant/login',
      `no: POST /api/:tenant/verify-otp | ${toName('POST /api/:tenant/verify-otp')}`,
      `no: POST /login | ${toName('POST /login')}`,
    ]);
    expect(code).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('finds the routes of Koa: nested routers with prefixes, before and after the audit', async () => {
  const { code, report } = await examine('koa.mjs');
  expect(report).toMatchObject({ framework: 'Koa', audits: 2 });
  expect(report.findings.map(brief)).toEqual([
    'no: POST /early/login | mount auditLogin() in front of it',
    'default: POST /api/v1/login',
    'options: POST /api/v1/enter',
    'default: ALL /api/signin',
    `no: POST /api/otp | ${toName('POST /api/otp')}`,
    "no: DELETE /api/session | rules: [{ match: 'DELETE /api/session', action: 'user.logout' }]",
  ]);
  expect(code).toBe(1);
});

test('finds the routes of Fastify: plugins with prefixes, and the settings of routes', async () => {
  const { code, report } = await examine('fastify.mjs');
  expect(report).toMatchObject({ framework: 'Fastify' });
  expect(report.findings.map(brief)).toEqual([
    'default: POST /login',
    'switched off: POST /login/silent',
    'options: POST /enter',
    'default: POST /api/sign-in/email',
    `no: POST /api/totp/verify | ${toName('POST /api/totp/verify')}`,
    'default: ALL /api/auth/* | path',
  ]);
  expect(code).toBe(1);
});

test('advises to mount an audit if there is none', async () => {
  const { code, stdout } = await run(['doctor', '--timeout', '60000', '--app', 'bare.mjs'], { cwd: APPS }).ended;
  expect(stdout).toMatch(/^bare\.mjs: Express, 1 route\n✗ No auditLogin\(\) is mounted, so nothing is audited\.\n/);
  expect(stdout).toMatch(/✗ +POST \/login +no +mount auditLogin\(\) in front of it\n/);
  expect(code).toBe(1);
});

test('exits with 0 if all logins are audited', async () => {
  const { code, stdout } = await run(['doctor', '--timeout', '60000', '--app', 'audited.mjs'], { cwd: APPS }).ended;
  expect(stdout).toMatch(/✓ +POST \/login +by default\n/);
  expect(stdout).not.toMatch(/✗/);
  expect(code).toBe(0);
});

test.each([
  ['none.mjs', /ERR_AUDIT_APP: The module "none\.mjs" exports no Express, Koa or Fastify application/],
  ['missing.mjs', /ERR_AUDIT_APP: The module "missing\.mjs" could not be loaded: Cannot find module/],
  ['broken.mjs', /ERR_AUDIT_APP: The module "broken\.mjs" could not be loaded: the database is away\./],
  ['never.mjs', /ERR_AUDIT_APP: The module "never\.mjs" was not ready within 3000 ms; raise --timeout\./],
])('fails with %s, and exits', async (file, message) => {
  const { code, stdout, stderr } = await run(['doctor', '--timeout', '3000', '--app', file], { cwd: APPS }).ended;
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(message);
});
