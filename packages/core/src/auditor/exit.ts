const unfinished = new Set<() => Promise<void>>();

function flushAll(): void {
  for (const flush of unfinished) void flush();
}

/**
 * Has the event loop wait for a flush before the process ends by itself. A signal or `process.exit()` does not wait: call `close()` there.
 *
 * @param flush must not reject, and must do nothing when nothing waits, or the process never ends
 * @returns takes it back
 */
export function flushBeforeExit(flush: () => Promise<void>): () => void {
  if (unfinished.size === 0) process.on('beforeExit', flushAll);
  unfinished.add(flush);
  return () => {
    unfinished.delete(flush);
    if (unfinished.size === 0) process.off('beforeExit', flushAll);
  };
}
