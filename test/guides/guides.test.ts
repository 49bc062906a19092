import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../evaluate.js';

const root = join(__dirname, '..', '..');

it('shows all code of the tests in the guides', () => {
  const { status, stderr } = spawnSync(process.execPath, [join('scripts', 'guides.mjs'), '--check'], { cwd: root, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it('finds a block in a guide that differs from the code', () => {
  const guide = readFileSync(join(root, 'docs', 'guides', 'add-a-command.md'), 'utf8').replace('new Map<string, number>()', 'new Map()');
  const { differing } = evaluate<{ differing: string[] }>(
    `
    import { fillGuide } from './scripts/guides.mjs';
    answer(fillGuide(input));
  `,
    guide,
  );
  expect(differing).toEqual(['test/guides/command/src/commands/count.ts']);
});
