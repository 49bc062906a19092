import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AuditError } from '@auditlogin/core';
import { openTokens, type Tokens } from './access/tokens.js';
import { type ExportLine, lineOf, readAll } from './api/lines.js';
import { backUp } from './server.js';
import { conditionOf } from './store/filters.js';
import { openStore } from './store/store.js';

/** What an operator does with the data of a collector, whether it runs or not. */
export interface CollectorOperator extends Disposable {
  readonly tokens: Tokens;
  /**
   * Copies the database.
   *
   * @param file where to
   * @param progress is told how far it is, in pages
   * @throws AuditError `ERR_AUDIT_OPTION_INVALID` when the file is there already
   */
  backup(file: string, progress?: (done: number, total: number) => void): Promise<void>;
  /** How many events a project has that match. */
  count(project: string, query: string): number;
  /** The events of a project that match, oldest first, as they were sent. */
  read(project: string, query: string): AsyncGenerator<ExportLine[]>;
}

/** In one go: whatever the collector writes meanwhile, the copy never begins anew. */
const ALL_PAGES = 2_147_483_647;

/**
 * Opens the data folder of a collector, beside the collector.
 *
 * @param dataDir the folder
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` when no collector ever kept its events there
 */
export function operateCollector(dataDir: string): CollectorOperator {
  const folder = resolve(dataDir);
  if (!existsSync(join(folder, 'events.sqlite'))) {
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `There is no collector's database in ${folder}.`, { field: 'data' });
  }
  const store = openStore(folder);
  return {
    tokens: openTokens(store.db),
    backup: (file, progress) => backUp(store, resolve(file), ALL_PAGES, progress),
    count: (project, query) => store.count({ project }, conditionOf({ query })),
    async *read(project, query) {
      for await (const events of readAll(store, { project }, conditionOf({ query }), 'oldest')) yield events.map(lineOf);
    },
    [Symbol.dispose]: () => store.close(),
  };
}
