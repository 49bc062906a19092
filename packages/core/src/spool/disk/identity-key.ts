import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'identity.key';
const BYTES = 32;
const KEY = /^[\w-]{43}$/;

/**
 * Returns the key for the digests of typed names, which all processes of a spool directory share. The first call creates it.
 *
 * @param directory an existing directory
 * @returns undefined if the key can be neither read nor created
 */
export function identityKeyIn(directory: string): string | undefined {
  const path = join(directory, NAME);
  try {
    writeFileSync(path, randomBytes(BYTES).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch {
    // The file exists already, or reading it fails below.
  }
  try {
    const key = readFileSync(path, 'utf8').trim();
    return KEY.test(key) ? key : undefined;
  } catch {
    return undefined;
  }
}
