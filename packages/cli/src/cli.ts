#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { isAuditError } from '@auditlogin/core';
import { Command } from 'commander';
import { dev } from './commands/dev.js';
import { doctor } from './commands/doctor.js';
import { spoolDiscard, spoolList, spoolReplay, spoolShow, spoolStats } from './commands/spool.js';
import { verify } from './commands/verify.js';
import { paint } from './paint.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('auditlogin')
  .description('Login auditing for Node: runs a collector, checks a configuration, operates spools, verifies a log.')
  .version(version)
  .showSuggestionAfterError()
  .showHelpAfterError('(see auditlogin --help)')
  .addHelpText('after', '\nExit codes: 0 done, 1 a check or a command failed, 2 the command line could not be read.')
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2));

program
  .command('dev')
  .description('Start a collector on this machine: the Publisher API, storage and a viewer.')
  .option('--port <number>', 'port on the loopback interface, 0 for any free one', '4477')
  .option('--data <dir>', 'folder of the events', '.auditlogin/collector')
  .option('--project <id>', 'project id', 'dev')
  .option('--token <token>', 'publisher token (default: made at the first start and kept in the data folder)')
  .option('--base-path <path>', 'path before that of the API, e.g. /auditlog')
  .addHelpText('after', '\nExample:\n  $ auditlogin dev --port 3000 --base-path /auditlog')
  .action(dev);

program
  .command('doctor')
  .description('Check where events would go: send one test event and verify the hash of its receipt.')
  .option('--api-base <url>', 'base address of the API (default: AUDITLOG_API_BASE)')
  .option('--project <id>', 'project id (default: AUDITLOG_API_PROJECT, then BOOTSTRAP_PUBLISHER_PROJECT)')
  .option('--token <token>', 'publisher token (default: AUDITLOG_API_TOKEN, then BOOTSTRAP_PUBLISHER_TOKEN)')
  .option('--timeout <ms>', 'how long to wait for a connection and for the answer', '5000')
  .addHelpText('after', '\nExample:\n  $ AUDITLOG_API_BASE=https://auditlog.example.com auditlogin doctor --project dev')
  .action(doctor);

const connectionOptions = (command: Command): Command =>
  command
    .option('--api-base <url>', 'base address of the API (default: AUDITLOG_API_BASE)')
    .option('--project <id>', 'project id (default: AUDITLOG_API_PROJECT, then BOOTSTRAP_PUBLISHER_PROJECT)')
    .option('--token <token>', 'publisher token (default: AUDITLOG_API_TOKEN, then BOOTSTRAP_PUBLISHER_TOKEN)');
const SPOOL_DIR = ['--spool-dir <dir>', 'folder of the spools and ledgers (default: AUDITLOG_SPOOL_DIR, then .auditlogin)'] as const;

connectionOptions(program.command('verify'))
  .description('Read the log back and judge it: the seal of each event, the chain of each instance, each receipt that was kept.')
  .option(...SPOOL_DIR)
  .option('--query <text>', 'only events that match, in the API\u2019s search syntax', '')
  .option('--from <time>', 'only events received from then on, in ISO 8601')
  .option('--to <time>', 'only events received before then, in ISO 8601')
  .option('--grace <seconds>', 'how long an event may be on its way', '60')
  .option('--timeout <ms>', 'how long to wait for a page', '30000')
  .option('--allow <faults>', 'faults that do not count as wrong, divided by commas, e.g. unsealed,foreign')
  .option('--json', 'print a report for programs')
  .addHelpText(
    'after',
    '\nThe keys come from AUDITLOG_SEAL_KEY: all that were ever used, divided by spaces.\nExit codes: 0 nothing is wrong, 1 something is, or the log could not be read.' +
      '\n\nExample:\n  $ AUDITLOG_SEAL_KEY="$NEW_KEY $OLD_KEY" auditlogin verify --from 2026-11-01T00:00:00Z',
  )
  .action(verify);

const spool = program.command('spool').description('Look after the spools of this machine: what waits, what was set aside.');
spool
  .command('list')
  .description('List the events that were set aside: those the server refused, and those that grew too old.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the events for programs')
  .action(spoolList);
spool
  .command('show <id>')
  .description('Show one of them, with the reason.')
  .option(...SPOOL_DIR)
  .action(spoolShow);
spool
  .command('replay [ids...]')
  .description('Send events once more, e.g. after the server was repaired.')
  .option(...SPOOL_DIR)
  .option('--all', 'all that was set aside')
  .option('--json', 'print the number for programs')
  .addHelpText('after', '\nExample:\n  $ auditlogin spool replay --all')
  .action(spoolReplay);
spool
  .command('discard [ids...]')
  .description('Delete events that were set aside.')
  .option(...SPOOL_DIR)
  .option('--all', 'all that was set aside')
  .option('--json', 'print the number for programs')
  .action(spoolDiscard);
spool
  .command('stats')
  .description('Tell what each spool holds.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the numbers for programs')
  .action(spoolStats);

try {
  await program.parseAsync();
} catch (thrown) {
  console.error(isAuditError(thrown) ? `${paint.red(thrown.code)}: ${thrown.message}` : thrown);
  process.exitCode = 1;
}
