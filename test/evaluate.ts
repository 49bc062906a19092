import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs code as an ES module, since Jest can load neither the scripts of this repository nor packages that have only ES modules.
 *
 * @param code an ES module that calls `answer(value)` once; it is resolved from the root of the repository
 * @param input value of `input` in the code
 * @returns the value, serialised as JSON and parsed
 */
export function evaluate<T>(code: string, input: unknown = null): T {
  const source = `const input = ${JSON.stringify(input)};\nconst answer = (value) => process.stdout.write(JSON.stringify(value));\n${code}`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    maxBuffer: 16_777_216,
  });
  return JSON.parse(output) as T;
}
