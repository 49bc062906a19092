import progress from 'cli-progress';

/** Shows the progress of a command on a terminal. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/**
 * Creates a progress bar on standard error. It shows nothing if standard error is not a terminal.
 *
 * @param what the activity, e.g. `Reading`
 * @param unit the unit of the numbers
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
