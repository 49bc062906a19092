import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
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
    const key = readOwnFile(path).trim();
    return KEY.test(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

function readOwnFile(path: string): string {
  // Windows has neither flag. Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(fd).isFile()) throw new Error('not a regular file');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
