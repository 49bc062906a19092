import progress from 'cli-progress';

/** Shows how far a command is, on a terminal. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/**
 * A progress bar on standard error; nothing where that is no terminal.
 *
 * @param what what is done, e.g. `Reading`
 * @param unit what is counted
 * @param isQuiet shows nothing
 */
export function progressBar(what: string, unit: string, isQuiet = false): Progress {
  if (isQuiet || !process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new progress.SingleBar({ format: `${what} {bar} {value} of {total} ${unit}`, stream: process.stderr, clearOnComplete: true });
  bar.start(0, 0);
  return {
    update(done, total) {
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
