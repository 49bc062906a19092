import { showControls, showJson } from '@auditlogin/core/log';
import { loginLikeRoutes, type RouteFinding } from '../app/advice.js';
import { loadAppRoutes } from '../app/load-app.js';
import { paint } from '../paint.js';
import { table } from '../table.js';

/** How long printing the error may take before the process exits, in milliseconds. */
const LEAVE = 500;

/**
 * Lists the routes of an application that look like logins, and says for each whether it is audited. Exits the process, since the application may keep it
 * alive. The exit code is 1 if a route that looks like a login is not audited.
 *
 * @param module path of the application's module
 * @param timeout how long loading may take, in milliseconds
 * @param isJson whether to print JSON
 * @throws AuditError `ERR_AUDIT_APP` if the application cannot be loaded
 */
export async function doctorApp(module: string, timeout: number, isJson: boolean): Promise<void> {
  const app = await loadAppRoutes(module, timeout).catch((thrown: unknown) => {
    // An application that failed to load may still keep the process alive.
    setTimeout(() => process.exit(), LEAVE).unref();
    throw thrown;
  });
  const { framework, routes, audits } = app;
  const findings = loginLikeRoutes(app);
  const isWrong = audits.length === 0 || findings.some(({ isMissed }) => isMissed);
  const report = isJson
    ? showJson({ framework, routes: routes.length, audits: audits.length, findings: findings.map(findingForPrograms) }, 2)
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
  if (findings.length === 0)
    lines.push('No route looks like a login. Mark logins in their handlers, or add their routes to the option "routes".');
  else lines.push(table(['', 'route', 'audited', 'to add'], findings.map(rowOf)));
  lines.push(
    paint.dim(
      'Markers, sessions that get an owner and Passport make attempts on any route. auditor.coverage() shows the routes that received passwords.',
    ),
  );
  return lines.join('\n');
}

const ONLY = {
  credential: 'with a credential in the body',
  token: 'with an OAuth grant or a password in the body',
  path: 'where the path behind the wildcard is a login',
} as const;

function rowOf({ method, path, cover, isSwitchedOff, isMissed, advice = '' }: RouteFinding): string[] {
  const route = `${method} ${path}`;
  if (!cover) return [isMissed ? '✗' : '–', route, isSwitchedOff ? 'switched off by the route' : 'no', advice];
  const said = [cover.by === 'default' ? 'by default' : 'by its options', cover.action === 'user.login' ? '' : `as ${cover.action}`];
  return ['✓', route, [...said, cover.only ? ONLY[cover.only] : ''].filter((part) => part !== '').join(', '), advice];
}
