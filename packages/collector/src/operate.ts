import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AuditError } from '@auditlogin/core';
import { openTokens, type Tokens } from './access/tokens.js';
import { type ExportLine, lineOf, readAll } from './api/lines.js';
import { backUp } from './server.js';
import { conditionOf } from './store/filters.js';
import { openStore } from './store/store.js';

/** Operations on the data of a collector, whether the collector runs or not. */
export interface CollectorOperator extends Disposable {
  readonly tokens: Tokens;
  /**
   * Copies the database.
   *
   * @param file path of the copy
   * @param progress called with the number of copied pages and the number of all pages
   * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if the file exists
   */
  backup(file: string, progress?: (done: number, total: number) => void): Promise<void>;
  /** Number of events of a project that match a query. */
  count(project: string, query: string): number;
  /** The events of a project that match a query, as they were sent, oldest first. */
  read(project: string, query: string): AsyncGenerator<ExportLine[]>;
}

/** All pages are copied at once, since each write of the running collector restarts an unfinished copy. */
const ALL_PAGES = 2_147_483_647;

/**
 * Opens the data folder of a collector, also while the collector runs.
 *
 * @param dataDir the folder
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if the folder has no database of a collector
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
