import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'identity.key';
const BYTES = 32;
const KEY = /^[\w-]{43}$/;

/**
 * The key of a spool directory for the digests of typed names, made when it is first asked for: all processes of the directory share it.
 *
 * @param directory the directory, which exists
 * @returns undefined when it can be neither read nor made
 */
export function identityKeyIn(directory: string): string | undefined {
  const path = join(directory, NAME);
  try {
    writeFileSync(path, randomBytes(BYTES).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already, or cannot be written, which the next line finds out.
  }
  try {
    const key = readFileSync(path, 'utf8').trim();
    return KEY.test(key) ? key : undefined;
  } catch {
    return undefined;
  }
}
