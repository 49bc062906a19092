// Runs third-party applications with the audit in front of them (test/apps/README.md). AUDITLOGIN_APPS=feathers,strapi selects applications,
// AUDITLOGIN_APPS_BOUNDED=1 skips those that take minutes to install.
import { build } from 'esbuild';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const apps = join(root, 'test', 'apps');
const outdir = join(root, 'node_modules', '.auditlogin', 'apps');
const cases = readdirSync(apps)
  .flatMap((name) => [join(apps, name, 'cases.ts'), join(apps, name, 'cases.mts')])
  .filter((file) => existsSync(file));

await build({
  entryPoints: [join(apps, 'harness', 'run.ts'), ...cases],
  outdir,
  outbase: apps,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
const { runApplications } = await import(pathToFileURL(join(outdir, 'harness', 'run.mjs')).href);
const selected = (process.env.AUDITLOGIN_APPS ?? '').split(',').filter((name) => name !== '');
const bounded = process.env.AUDITLOGIN_APPS_BOUNDED === '1';
process.exitCode = (await runApplications({ root, bundled: outdir, selected, bounded })) ? 0 : 1;
