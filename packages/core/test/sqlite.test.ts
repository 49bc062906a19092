import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isCorrupt, makeDurable, openSqlite, quickCheck, transaction } from '../src/sqlite/database.js';

const isBuiltIn = Number.parseInt(process.versions.node, 10) >= 24;

/** Runs a script with the built package in a process that cannot load native code. */
function withoutNativeCode(script: string): { stdout: string; stderr: string } {
  const setUp = `process.dlopen = () => { throw new Error('no native code here'); };
    const { createAuditor } = require('@auditlogin/core'); const { openSqlite } = require('@auditlogin/core/engine');`;
  return spawnSync(process.execPath, ['-e', `${setUp} ${script}`], { cwd: join(__dirname, '..'), encoding: 'utf8' });
}

it('loads no native code for a spool in memory', () => {
  const options = `{ apiBase: 'http://127.0.0.1:9', project: 'p', token: 't', spool: { kind: 'memory' } }`;
  const { stdout, stderr } = withoutNativeCode(`createAuditor(${options}).close().then(() => console.log('closed'));`);
  expect([stdout, stderr]).toEqual(['closed\n', '']);
});

if (isBuiltIn)
  it('loads SQLite without native code and without a warning from Node 24 on', () => {
    const { stdout, stderr } = withoutNativeCode(`console.log(openSqlite(':memory:').prepare('SELECT 1 AS one').get().one);`);
    expect([stdout, stderr]).toEqual(['1\n', '']);
  });

if (!isBuiltIn)
  it('names the missing package and the reason in the error before Node 24', () => {
    const { stdout } = withoutNativeCode(`try { openSqlite(':memory:'); } catch (thrown) { console.log(thrown.message); }`);
    expect(stdout).toMatch(
      /^Node \d+\.\d+\.\d+ needs the optional dependency @auditlogin\/sqlite-node20 .*no native code here.*use Node 24/s,
    );
  });

it('refuses a database that cannot be as durable as requested', () => {
  const db = openSqlite(':memory:');
  expect(() => makeDurable(db)).toThrow('SQLite uses journal_mode=memory and synchronous=2; expected wal and 2 (FULL)');
  db.close();
});

it('rolls back a transaction whose work throws', () => {
  const db = openSqlite(':memory:');
  db.exec('CREATE TABLE t (n INTEGER)');
  const work = (): void => {
    db.exec('INSERT INTO t VALUES (1)');
    throw new Error('half way');
  };
  expect(() => transaction(db, 'BEGIN IMMEDIATE', work)).toThrow('half way');
  expect(db.isTransaction).toBe(false);
  expect(transaction(db, 'BEGIN', () => db.prepare('SELECT count(*) AS n FROM t').get())).toEqual({ n: 0 });
  db.close();
});

it('distinguishes errors of a damaged file from others', () => {
  const db = openSqlite(':memory:');
  expect(() => quickCheck(db)).not.toThrow();
  db.close();
  expect(isCorrupt(Object.assign(new Error('malformed'), { errcode: 267 }))).toBe(true);
  expect(isCorrupt(new Error('no such table'))).toBe(false);
});
