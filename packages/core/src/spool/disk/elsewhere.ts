import { destinationIn, isSameProject, lockSpool, spoolsIn } from './directory.js';
import { openSpoolFile } from './spool-file.js';

/** Nothing is written. */
const ANY_SIZE = 1_073_741_824;

/**
 * Lists the spools that wait for another address of the same project. Only a process that uses that address would send them, and none does.
 *
 * @param directory the spool directory
 * @param destination the destination in use
 * @returns paths
 */
export function spoolsElsewhere(directory: string, destination: string): string[] {
  return spoolsIn(directory).filter((path) => {
    const found = destinationIn(path);
    return found !== destination && isSameProject(found, destination);
  });
}

/**
 * Counts the events in such spools, except those of running processes.
 *
 * @param directory the spool directory
 * @param destination the destination in use
 */
export function waitingElsewhere(directory: string, destination: string): number {
  return spoolsElsewhere(directory, destination).reduce((sum, path) => sum + waitingIn(path), 0);
}

function waitingIn(path: string): number {
  const lock = lockSpool(path);
  if (!lock) return 0;
  try {
    const file = openSpoolFile(path, { maxBytes: ANY_SIZE, mode: 'read' });
    const { events, coalesced } = file.size();
    file.close();
    return events + coalesced;
  } catch {
    // A file that cannot be read is the concern of the process that takes it over.
    return 0;
  } finally {
    lock.release();
  }
}
