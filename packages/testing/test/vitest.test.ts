import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

it('registers the matchers in Vitest by one import', () => {
  const output = execFileSync(
    process.execPath,
    [join(__dirname, '..', '..', '..', 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--root', join(__dirname, 'vitest')],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'test', CI: '1', NO_COLOR: '1' },
    },
  );
  expect(output).toMatch(/Tests\s+1 passed/);
}, 60_000);
