// Checks the packages that would be published: package.json, README and licence, publint and arethetypeswrong for each package, and knip for the repository.
import { spawnSync } from 'node:child_process';
import { packageProblems } from './package-rules.mjs';
import { publishedPackages, root } from './packages.mjs';

let failed = false;

function check(title, args, cwd = root) {
  console.log(`\n# ${title}`);
  const { status } = spawnSync('npx', ['--no-install', ...args], { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  failed ||= status !== 0;
}

/** The profile of arethetypeswrong: the resolution of Node 10 knows no subpaths, and some entry points are ES modules only, like their dependencies. */
function profileOf(entry, target) {
  if (target.require === undefined) return 'esm-only';
  return entry === '.' ? 'strict' : 'node16';
}

for (const published of publishedPackages()) {
  const { folder, manifest } = published;
  const problems = packageProblems(published);
  console.log(`\n# ${manifest.name}\n${problems.map((problem) => `${problem}\n`).join('')}`);
  failed ||= problems.length > 0;
  check(`publint ${manifest.name}`, ['publint', '--strict', '.'], folder);

  const profiles = new Map();
  for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
    if (typeof target === 'string') continue;
    const profile = profileOf(entry, target);
    profiles.set(profile, [...(profiles.get(profile) ?? []), entry.replace(/^\.\//, '')]);
  }
  for (const [profile, entries] of profiles) {
    check(
      `attw ${manifest.name}: ${entries.join(', ')}`,
      ['attw', '--pack', '.', '--profile', profile, '--entrypoints', ...entries],
      folder,
    );
  }
}
check('knip', ['knip']);
process.exit(failed ? 1 : 0);
