import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_for_disk(void) { usleep(1000 * atoi(getenv("DISK_MS"))); }
int fsync(int fd) { wait_for_disk(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { wait_for_disk(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`;

/**
 * Returns environment variables for a process that slow down each commit of the disk.
 *
 * @returns undefined if there is no C compiler
 */
export function slowDisk(): { LD_PRELOAD: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-bench-'));
  const [source, library] = [join(folder, 'slow-disk.c'), join(folder, 'slow-disk.so')];
  writeFileSync(source, SOURCE);
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], { stdio: 'ignore' });
    return { LD_PRELOAD: library };
  } catch {
    return undefined;
  }
}
