const unfinished = new Set<() => Promise<void>>();

function flushAll(): void {
  for (const flush of unfinished) void flush();
}

/**
 * Flushes before the process ends because its event loop is empty. A signal or `process.exit()` does not wait: call `close()` there.
 *
 * @param flush must not reject, and must do nothing if no events wait, or the process would never end
 * @returns a function that removes the hook
 */
export function flushBeforeExit(flush: () => Promise<void>): () => void {
  if (unfinished.size === 0) process.on('beforeExit', flushAll);
  unfinished.add(flush);
  return () => {
    unfinished.delete(flush);
    if (unfinished.size === 0) process.off('beforeExit', flushAll);
  };
}
