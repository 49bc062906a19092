/** Who is measured: the project, the official SDK, the limit of what is possible, and the application without any audit. */
type Side = 'ours' | 'peer' | 'limit' | 'bare';

/** One thing that is measured. */
export interface Bench {
  name: string;
  /** What is measured, for people. */
  title: string;
  /** Of the figures; less is better in all of them. */
  unit: string;
  sides: readonly Side[];
  /** Further peers that are drawn, and are not in the ratios. */
  others?: readonly string[];
  /** The script that measures one side in a fresh process: it gets the side and the amount of work, and prints a JSON object with `value`. */
  script: string;
  /** How much work a run does: in a full run, and in a quick one. */
  work: { full: number; quick: number };
  /** How many runs of each side, where the usual number would take too long. */
  rounds?: number;
  /** Passed on to the script. */
  env?: Record<string, string>;
}

/** A run of one side. */
export interface Run {
  /** In the bench's unit. */
  value: number;
  [more: string]: number | string;
}

/** What came of a bench. */
export interface Result {
  bench: string;
  unit: string;
  ours: number;
  /** Absent where no peer does the work. */
  peer?: number;
  limit: number;
  /** How many times better than the peer. */
  peer_ratio?: number;
  /** The share of the limit that is reached. */
  limit_ratio: number;
  /** Medians and spread of every side. */
  sides: Record<string, { median: number; min: number; max: number; runs: number[] }>;
  [more: string]: unknown;
}
