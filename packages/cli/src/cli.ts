#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { isAuditError } from '@auditlogin/core';
import { Command } from 'commander';
import { dev } from './commands/dev.js';
import { doctor } from './commands/doctor.js';
import { paint } from './paint.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('auditlogin')
  .description('Login auditing for Node: runs a collector, checks a configuration.')
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

try {
  await program.parseAsync();
} catch (thrown) {
  console.error(isAuditError(thrown) ? `${paint.red(thrown.code)}: ${thrown.message}` : thrown);
  process.exitCode = 1;
}
