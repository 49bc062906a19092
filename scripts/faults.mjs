// Plays each fault a hundred times (or as often as AUDITLOGIN_FAULTS says), and floods with a million attempts of each kind.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const jest = join(dirname(createRequire(import.meta.url).resolve('jest/package.json')), 'bin', 'jest.js');
const env = { AUDITLOGIN_FAULTS: '100', AUDITLOGIN_FLOOD: '1000000', ...process.env };
const { status } = spawnSync(process.execPath, [jest, '--runInBand', '--verbose', 'test/faults', 'packages/core/test/overflow'], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);
