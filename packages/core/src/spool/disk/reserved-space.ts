import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { RESERVED_BYTES } from './spool-database.js';

/** A file that holds space on the disk of a spool. It is given up when the disk is full, since SQLite needs room to delete. */
export class ReservedSpace {
  private state: 'none' | 'reserved' | 'spent' = 'none';

  constructor(private readonly path: string) {}

  /** Whether the space was given up and could not be reserved again. */
  get isSpent(): boolean {
    return this.state === 'spent';
  }

  /** Reserves space, unless the disk is nearly full: there, events need the room. */
  reserve(): void {
    try {
      const { bavail, bsize } = statfsSync(dirname(this.path));
      if (bavail * bsize < 2 * RESERVED_BYTES) return;
      this.write();
      this.state = 'reserved';
    } catch {
      this.remove();
    }
  }

  giveUp(): void {
    this.remove();
    if (this.state === 'reserved') this.state = 'spent';
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  private write(): void {
    this.remove();
    // Fails if something else has appeared there, also a symbolic link.
    const fd = openSync(this.path, 'wx', 0o600);
    try {
      const zeros = Buffer.alloc(65_536);
      for (let written = 0; written < RESERVED_BYTES; written += zeros.length) writeSync(fd, zeros);
    } finally {
      closeSync(fd);
    }
  }
}
