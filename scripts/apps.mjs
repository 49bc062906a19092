// Runs applications of others with the audit in front of them (test/apps/README.md). AUDITLOGIN_APPS=feathers,strapi selects.
import { build } from 'esbuild';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const apps = join(root, 'test', 'apps');
const outdir = join(root, 'node_modules', '.auditlogin', 'apps');
const cases = readdirSync(apps)
  .map((name) => join(apps, name, 'cases.ts'))
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
process.exitCode = (await runApplications(root, outdir, selected)) ? 0 : 1;
