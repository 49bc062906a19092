import { accessSync, chmodSync, constants, lstatSync, mkdirSync, realpathSync, type Stats, writeFileSync } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';

/**
 * Creates a directory that only its owner can access, or takes an existing one. Whoever owns a directory, or a link on the way to it, can read, swap
 * and link the files in it. Everything is checked before anything is created or changed.
 *
 * @param directory the directory
 * @param allowForeignOwner whether it may belong to another user, for example a volume of a container; its mode is then left as it is
 * @throws Error if it, or its path, cannot be trusted; errors of `node:fs`
 */
export function makePrivateDirectory(directory: string, allowForeignOwner: boolean): void {
  const path = resolve(directory);
  checkPath(path);
  const existing = statOf(path);
  if (existing && !allowForeignOwner && isForeign(existing)) {
    throw new Error('it belongs to another user; spool.allowForeignOwner permits that');
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  // The directory may have existed with wider permissions.
  if (!isForeign(lstatSync(path))) chmodSync(path, 0o700);
  keepOutOfGit(path);
}

/** Follows a path from the root. Links of root and of this user may lead to the directory, but the directory itself may not be one. */
function checkPath(path: string): void {
  const { root } = parse(path);
  const names = path.slice(root.length).split(sep);
  let place = root;
  for (const [index, name] of names.entries()) {
    place = join(place, name);
    const found = statOf(place);
    if (!found) return;
    if (!found.isSymbolicLink()) continue;
    if (index === names.length - 1) throw new Error('it is a symbolic link');
    if (isForeign(found) && found.uid !== 0) throw new Error(`${place} is a symbolic link of another user`);
    // The link's target may itself lead through links.
    const target = realpathSync(place);
    return checkPath(join(target, ...names.slice(index + 1)));
  }
}

/** The events name persons, and must not be committed with the application's code. */
function keepOutOfGit(directory: string): void {
  try {
    writeFileSync(join(directory, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether a file belongs to another user. Windows has no user ids. */
function isForeign({ uid }: Stats): boolean {
  return process.geteuid !== undefined && uid !== process.geteuid();
}
