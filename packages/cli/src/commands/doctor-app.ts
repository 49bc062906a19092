import { showControls } from '@auditlogin/core/log';
import { loginLikeRoutes, type RouteFinding } from '../app/advice.js';
import { loadAppRoutes } from '../app/load-app.js';
import { paint } from '../paint.js';
import { table } from '../table.js';

/** How long the error has to be printed before the process ends, in milliseconds. */
const LEAVE = 500;

/**
 * Lists the routes of an application that look like logins, and says for each whether it is audited. Ends the process, since the application may keep it
 * alive: with 1 if a route that looks like a login is not audited.
 *
 * @param module path of the application's module
 * @param timeout how long loading may take, in milliseconds
 * @param isJson whether the report is for programs
 * @throws AuditError `ERR_AUDIT_APP` when the application cannot be loaded
 */
export async function doctorApp(module: string, timeout: number, isJson: boolean): Promise<void> {
  const app = await loadAppRoutes(module, timeout).catch((thrown: unknown) => {
    // An application that could not be examined may keep the process alive all the same.
    setTimeout(() => process.exit(), LEAVE).unref();
    throw thrown;
  });
  const { framework, routes, audits } = app;
  const findings = loginLikeRoutes(app);
  const isWrong = audits.length === 0 || findings.some(({ isMissed }) => isMissed);
  const report = isJson
    ? JSON.stringify({ framework, routes: routes.length, audits: audits.length, findings: findings.map(findingForPrograms) }, null, 2)
    : textOf(module, { framework, total: routes.length, audits: audits.length, findings });
  await new Promise<void>((resolve) => process.stdout.write(`${report}\n`, () => resolve()));
  process.exit(isWrong ? 1 : 0);
}

function findingForPrograms({ method, path, cover, isSwitchedOff, advice }: RouteFinding): object {
  return {
    method,
    path,
    audited: cover?.by ?? null,
    action: cover?.action ?? null,
    only: cover?.only ?? null,
    switchedOff: isSwitchedOff === true,
    advice: advice ?? null,
  };
}

interface Summary {
  framework: string;
  total: number;
  audits: number;
  findings: RouteFinding[];
}

function textOf(module: string, { framework, total, audits, findings }: Summary): string {
  const lines = [`${showControls(module)}: ${framework}, ${total} ${total === 1 ? 'route' : 'routes'}`];
  if (audits === 0) lines.push(`${paint.red('✗')} No auditLogin() is mounted, so nothing is audited.`);
  if (findings.length === 0) lines.push('No route looks like a login. Mark logins in their handlers, or name them in the option "routes".');
  else lines.push(table(['', 'route', 'audited', 'to add'], findings.map(rowOf)));
  lines.push(
    paint.dim('A marker, a session that gets an owner and Passport make an attempt on any route. What requests show: auditor.coverage().'),
  );
  return lines.join('\n');
}

const ONLY = {
  credential: 'with a credential in the body',
  grant: 'with an OAuth grant in the body',
  path: 'where the path behind the wildcard is a login',
} as const;

function rowOf({ method, path, cover, isSwitchedOff, isMissed, advice = '' }: RouteFinding): string[] {
  const route = `${method} ${path}`;
  if (!cover) return [isMissed ? '✗' : '–', route, isSwitchedOff ? 'switched off by the route' : 'no', advice];
  const said = [cover.by === 'default' ? 'by default' : 'by its options', cover.action === 'user.login' ? '' : `as ${cover.action}`];
  return ['✓', route, [...said, cover.only ? ONLY[cover.only] : ''].filter((part) => part !== '').join(', '), advice];
}
