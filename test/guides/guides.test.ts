import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluate } from '../evaluate.js';

const root = join(__dirname, '..', '..');

test('the code in the guides is the code that the tests run, and all of it is shown', () => {
  const { status, stderr } = spawnSync(process.execPath, [join('scripts', 'guides.mjs'), '--check'], { cwd: root, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a block that was changed in a guide is found', () => {
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
