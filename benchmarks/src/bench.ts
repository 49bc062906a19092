/** The sides of a benchmark: the project, the official SDK, the limit of what is possible, and the application without an audit. */
type Side = 'ours' | 'peer' | 'limit' | 'bare';

/** A benchmark. */
export interface Bench {
  name: string;
  /** Description for people. */
  title: string;
  /** Unit of the values. Smaller values are better in all benchmarks. */
  unit: string;
  sides: readonly Side[];
  /** Further peers that are shown in the picture but not used for the ratios. */
  others?: readonly string[];
  /** The script that measures one side in a new process. Its arguments are the side and the amount of work; it prints a JSON object with `value`. */
  script: string;
  /** The amount of work in a full run and in a quick run. */
  work: { full: number; quick: number };
  /** Number of runs of each side, if the usual number would take too long. */
  rounds?: number;
  /** Environment variables for the script. */
  env?: Record<string, string>;
}

/** The result of one run. */
export interface Run {
  /** In the bench's unit. */
  value: number;
  [more: string]: number | string;
}

/** The result of a benchmark. */
export interface Result {
  bench: string;
  unit: string;
  ours: number;
  /** Absent where no peer does the work. */
  peer?: number;
  limit: number;
  /** The peer's value divided by ours. */
  peer_ratio?: number;
  /** The limit's value divided by ours, 1 at most. */
  limit_ratio: number;
  /** The median and the spread of every side. */
  sides: Record<string, { median: number; min: number; max: number; runs: number[] }>;
  [more: string]: unknown;
}
