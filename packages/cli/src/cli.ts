#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
// Every shell completion runs this file, so it imports the facets from the entry point for browsers, which loads little else.
import { type Facet, FACET_NAMES, FACETS, showControls } from '@auditlogin/core/browser';
import tab from '@bomb.sh/tab/commander';
import { Command, Option } from 'commander';
import { paint } from './paint.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Loads a command's module when the command runs. The shell runs this file for completions far more often. */
function lazy<M extends Record<N, (...given: never[]) => unknown>, N extends string>(load: () => Promise<M>, name: N) {
  return async (...given: unknown[]): Promise<void> => void (await (await load())[name](...(given as never[])));
}

/** Escapes the control and direction characters of a text of several lines. */
function visible(text: string): string {
  return text.split('\n').map(showControls).join('\n');
}

const program = new Command('auditlogin')
  .description('Login auditing for Node: run a collector or a relay, follow, move and verify a log, manage spools.')
  .version(version)
  .configureOutput({ writeErr: (text) => void process.stderr.write(visible(text)) })
  .showSuggestionAfterError()
  .showHelpAfterError('(see auditlogin --help)')
  .addHelpText('after', '\nExit codes: 0 success, 1 a check or the command failed, 2 the command line is invalid.')
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2));

program
  .command('dev')
  .description('Start a collector: an audit log server with the Publisher API, storage and a viewer.')
  .option('--port <number>', 'port; 0 for any free port', '4477')
  .option('--host <address>', 'address to listen on; addresses other than loopback require a token (default: "127.0.0.1")')
  .option('--allowed-host <names...>', 'further host names that clients may use for the collector')
  .option('--trusted-proxy <addresses...>', 'proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as addresses or ranges')
  .option('--data <dir>', 'folder for the data', '.auditlogin/collector')
  .option('--project <id>', 'project id', 'dev')
  .addOption(
    // Every user of the machine can read flags, but not variables.
    new Option('--token <token>', 'publisher token (default: created at the first start and stored in the data folder)').env(
      'AUDITLOG_COLLECTOR_TOKEN',
    ),
  )
  .option('--base-path <path>', 'path prefix of the API, e.g. /auditlog')
  .option('--retain <time>', 'delete events older than this, e.g. 90d (default: never)')
  .option('--retain-size <size>', 'delete the oldest events while the database is larger than this, e.g. 2gb (default: never)')
  .addHelpText(
    'after',
    '\nExample:\n  $ auditlogin dev --port 3000 --base-path /auditlog\n  $ AUDITLOG_COLLECTOR_TOKEN=… auditlogin dev --host 0.0.0.0 --allowed-host audit.example.com --retain 365d',
  )
  .action(lazy(() => import('./commands/dev.js'), 'dev'));

program
  .command('doctor')
  .description(
    'Check where events would go: send one test event and verify the hash of its receipt. Or check which logins of an application are audited.',
  )
  .option('--api-base <url>', 'base address of the API (default: AUDITLOG_API_BASE)')
  .option('--project <id>', 'project id (default: AUDITLOG_API_PROJECT, then BOOTSTRAP_PUBLISHER_PROJECT)')
  .option('--token <token>', 'publisher token (default: AUDITLOG_API_TOKEN, then BOOTSTRAP_PUBLISHER_TOKEN)')
  .option('--timeout <ms>', 'how long to wait for a connection and for the answer, or for the application', '5000')
  .option('--app <module>', 'load an Express, Koa or Fastify application, without listening, and list its logins; nothing is sent')
  .option('--json', 'with --app: print a report for programs')
  .addHelpText(
    'after',
    '\nWith --app the module\u2019s default export or "app" is the application, or a function that returns one. Exit code 1: a login is not audited.' +
      '\n\nExample:\n  $ AUDITLOG_API_BASE=https://auditlog.example.com auditlogin doctor --project dev\n  $ auditlogin doctor --app ./dist/app.js',
  )
  .action(lazy(() => import('./commands/doctor.js'), 'doctor'));

const connectionOptions = (command: Command): Command =>
  command
    .option('--api-base <url>', 'base address of the API (default: AUDITLOG_API_BASE)')
    .option('--project <id>', 'project id (default: AUDITLOG_API_PROJECT, then BOOTSTRAP_PUBLISHER_PROJECT)')
    .option('--token <token>', 'publisher token (default: AUDITLOG_API_TOKEN, then BOOTSTRAP_PUBLISHER_TOKEN)');
const SPOOL_DIR = ['--spool-dir <dir>', 'folder of the spools and ledgers (default: AUDITLOG_SPOOL_DIR, then .auditlogin)'] as const;

connectionOptions(program.command('verify'))
  .description('Read the log and check it: the seal of every event, the chain of every instance, every receipt in the ledgers.')
  .option(...SPOOL_DIR)
  .option('--query <text>', 'only events that match this search, in the syntax of the API', '')
  .option('--from <time>', 'only events received at or after this time, in ISO 8601')
  .option('--to <time>', 'only events received before this time, in ISO 8601')
  .option('--grace <seconds>', 'how long an event may be missing before it counts as a fault', '60')
  .option('--timeout <ms>', 'how long to wait for each page', '30000')
  .option(
    '--sealed-project <ids>',
    'further projects whose sealed events belong to this log, e.g. the one that it was moved from, separated by commas',
  )
  .option('--allow <faults>', 'faults to accept, separated by commas, e.g. unsealed,foreign')
  .option('--json', 'print the report as JSON')
  .addHelpText(
    'after',
    '\nAUDITLOG_SEAL_KEY must contain every key that was ever used to seal, separated by spaces.\nExit codes: 0 no fault was found, 1 a fault was found or the log could not be read, 2 the command line is invalid, 3 no event was read, so nothing can be judged.' +
      '\n\nExample:\n  $ AUDITLOG_SEAL_KEY="$NEW_KEY $OLD_KEY" auditlogin verify --from 2026-11-01T00:00:00Z',
  )
  .action(lazy(() => import('./commands/verify.js'), 'verify'));

const describeFacet = ({ description, values }: Facet): string => (values ? `${description} ${values.join(', ')}` : description);
const facetOptions = (command: Command): Command => {
  for (const name of FACET_NAMES) {
    command.option(`--${name} <values>`, `only events with one of these values, separated by commas: ${describeFacet(FACETS[name])}`);
  }
  return command;
};

facetOptions(connectionOptions(program.command('tail')))
  .description('Show the newest events, then new ones as they arrive.')
  .option('--query <text>', 'only events that match this search, in the syntax of the API', '')
  .option('-n, --lines <number>', 'how many of the newest events to show first', '10')
  .option('--interval <time>', 'how often to ask for new events', '2s')
  .option('--timeout <ms>', 'how long to wait for a response', '30000')
  .option('--no-follow', 'exit after the newest events')
  .option('--json', 'print one JSON object per line')
  .addHelpText('after', '\nExample:\n  $ auditlogin tail --outcome failure --query action:user.login')
  .action(lazy(() => import('./commands/tail.js'), 'tail'));

connectionOptions(program.command('export'))
  .description('Write the events of a log as JSON, one object per line, in the form that "auditlogin import" reads.')
  .option('--data <dir>', 'read the data folder of a collector instead of a server')
  .option('--output <file>', 'file to write, which must not exist (default: standard output)')
  .option('--query <text>', 'only events that match this search, in the syntax of the API', '')
  .option('--from <time>', 'only events received at or after this time, in ISO 8601')
  .option('--to <time>', 'only events received before this time, in ISO 8601')
  .option('--timeout <ms>', 'how long to wait for a response', '30000')
  .addHelpText(
    'after',
    '\nA collector returns events as they were sent. Retraced cuts "created" to whole seconds and returns the current names.\n\nExample:\n  $ auditlogin export --data .auditlogin/collector --output log.ndjson',
  )
  .action(lazy(() => import('./commands/export.js'), 'exportLog'));

connectionOptions(program.command('import'))
  .argument('<file>', 'file that "auditlogin export" wrote, or - for standard input')
  .description(
    'Publish exported events. "created" is kept, and the id becomes the "external_id" of an event without one. Events that the log already has are skipped.',
  )
  .option('--timeout <ms>', 'how long to wait for a response', '30000')
  .option('--index-lag <time>', 'how long the server takes to index a stored event', '3s')
  .option('--tries <number>', 'how often to try a batch while the server fails', '8')
  .option('--json', 'print the numbers as JSON')
  .addHelpText(
    'after',
    '\nExit codes: 0 the log has every event, 1 a line was refused, a hash is wrong, or the server failed.\n\nExample:\n  $ auditlogin export --data .auditlogin/collector | AUDITLOG_API_BASE=https://auditlog.example.com auditlogin import -',
  )
  .action(lazy(() => import('./commands/import.js'), 'importLog'));

program
  .command('env')
  .description('Print the token and the project from the Kubernetes secret that the installation of the audit log created.')
  .option('--namespace <name>', 'namespace of the secret (default: the one of the context, then any that has the secret)')
  .option('--context <name>', 'context in kubectl\u2019s configuration (default: the current one)')
  .option('--secret <name>', 'name of the secret', 'auditlog')
  .addOption(new Option('--format <form>', 'output format').choices(['shell', 'dotenv', 'json']).default('shell'))
  .addHelpText('after', '\nExample:\n  $ eval "$(auditlogin env --namespace auditlog)"\n  $ auditlogin env --format dotenv >> .env')
  .action(lazy(() => import('./commands/env.js'), 'env'));

const DATA_DIR = ['--data <dir>', 'data folder of the collector', '.auditlogin/collector'] as const;
const token = program.command('token').description('Create, list and revoke publisher tokens of a collector, which may be running.');
token
  .command('create')
  .description('Create a token. It is shown only once.')
  .option(...DATA_DIR)
  .requiredOption('--project <id>', 'project that the token is valid for')
  .requiredOption('--name <text>', 'purpose of the token')
  .option('--publish-only', 'the token can publish events, but not read the log')
  .option('--json', 'print the token as JSON')
  .addHelpText('after', '\nExample:\n  $ auditlogin token create --project shop --name "shop backend" --publish-only')
  .action(lazy(() => import('./commands/collector.js'), 'tokenCreate'));
token
  .command('list')
  .description('List the tokens without their secrets.')
  .option(...DATA_DIR)
  .option('--json', 'print the list as JSON')
  .action(lazy(() => import('./commands/collector.js'), 'tokenList'));
token
  .command('revoke <id>')
  .description('Revoke a token and end the viewer sessions that it opened.')
  .option(...DATA_DIR)
  .action(lazy(() => import('./commands/collector.js'), 'tokenRevoke'));

program
  .command('backup <file>')
  .description('Copy the database of a collector, which may be running.')
  .option(...DATA_DIR)
  .addHelpText('after', '\nExample:\n  $ auditlogin backup /backup/audit-2026-11-23.sqlite')
  .action(lazy(() => import('./commands/collector.js'), 'backup'));

const spool = program.command('spool').description('Manage the spools of this machine: waiting events, and events that were set aside.');
spool
  .command('list')
  .description('List the events that were set aside, because the server refused them or they were too old.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the events as JSON')
  .action(lazy(() => import('./commands/spool.js'), 'spoolList'));
spool
  .command('show <id>')
  .description('Show one event that was set aside, with the reason.')
  .option(...SPOOL_DIR)
  .action(lazy(() => import('./commands/spool.js'), 'spoolShow'));
spool
  .command('replay [ids...]')
  .description('Send events that were set aside again, e.g. after the server was repaired.')
  .option(...SPOOL_DIR)
  .option('--all', 'all events that were set aside')
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExample:\n  $ auditlogin spool replay --all')
  .action(lazy(() => import('./commands/spool.js'), 'spoolReplay'));
spool
  .command('discard [ids...]')
  .description('Delete events that were set aside.')
  .option(...SPOOL_DIR)
  .option('--all', 'all events that were set aside')
  .option('--json', 'print the result as JSON')
  .action(lazy(() => import('./commands/spool.js'), 'spoolDiscard'));
spool
  .command('move')
  .description('Send what waits for another address of the project to the address of today, e.g. after a mistyped one was corrected.')
  .option('--to <url>', 'base address of the API (default: AUDITLOG_API_BASE)')
  .option('--project <id>', 'project id (default: AUDITLOG_API_PROJECT, then BOOTSTRAP_PUBLISHER_PROJECT)')
  .option(...SPOOL_DIR)
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExample:\n  $ auditlogin spool move --to https://auditlog.example.com')
  .action(lazy(() => import('./commands/spool.js'), 'spoolMove'));
spool
  .command('stats')
  .description('Show the size of each spool.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the numbers as JSON')
  .action(lazy(() => import('./commands/spool.js'), 'spoolStats'));

const engineOptions = (command: Command): Command =>
  command
    .addOption(new Option('--engine <name>', 'postgres or jetstream (default: the engine whose address is given)').env('AUDITLOG_ENGINE'))
    .addOption(new Option('--postgres-url <url>', 'address of PostgreSQL (default: the PG\u2026 variables)').env('AUDITLOG_POSTGRES_URL'))
    .addOption(new Option('--nats <addresses>', 'addresses of the NATS nodes, separated by commas').env('AUDITLOG_NATS'))
    .addOption(new Option('--nats-credentials <file>', 'credentials file for NATS').env('AUDITLOG_NATS_CREDENTIALS'))
    .option('--stream <name>', 'name of the JetStream stream', 'AUDITLOGIN')
    .option('--replicas <number>', 'the least number of replicas that the stream must have', '3')
    .option('--lease <time>', 'how long until other relays take over the events of a relay that is gone', '30s');

engineOptions(connectionOptions(program.command('relay')))
  .description('Publish the events that applications have handed over to PostgreSQL or JetStream. Any number of relays can run at once.')
  .option(
    '--listen <address>',
    'address for health and metrics; addresses other than loopback require AUDITLOG_RELAY_TOKEN',
    '127.0.0.1:4478',
  )
  .addOption(new Option('--listen-token <token>', 'token for health and metrics').env('AUDITLOG_RELAY_TOKEN').hideHelp())
  .option('--concurrency <number>', 'the most requests at the same time', '4')
  .option('--timeout <ms>', 'how long to wait for a response', '10000')
  .option('--backoff-max <time>', 'upper bound of the wait between two tries', '60s')
  .option('--in-doubt <rule>', 'what to do with events that a failed request may have stored: resend or reconcile', 'reconcile')
  .option('--index-lag <time>', 'how long the server takes to index a stored event', '3s')
  .addHelpText(
    'after',
    '\nGET /livez, /readyz, /healthz (JSON) and /metrics (Prometheus). On SIGTERM the relay finishes the requests in flight.' +
      '\n\nExample:\n  $ AUDITLOG_POSTGRES_URL=postgres://relay@db/shop AUDITLOG_API_BASE=https://auditlog.example.com auditlogin relay',
  )
  .action(lazy(() => import('./commands/relay.js'), 'relay'));

const engine = program.command('engine').description('Prepare PostgreSQL or JetStream for applications and relays.');
engineOptions(engine.command('init'))
  .description('Create the tables or streams. Existing ones are not changed.')
  .option('--print', 'print the SQL for PostgreSQL instead of running it')
  .addHelpText(
    'after',
    '\nExample:\n  $ auditlogin engine init --postgres-url postgres://owner@db/shop\n  $ auditlogin engine init --nats n1:4222,n2:4222,n3:4222',
  )
  .action(lazy(() => import('./commands/engine.js'), 'engineInit'));

program.addHelpText('after', '\nShell completion: source <(auditlogin completion bash), or zsh, fish, powershell.');
tab(program, { completionCommandName: 'completion' });

try {
  await program.parseAsync();
} catch (thrown) {
  const { isAuditError } = await import('@auditlogin/core');
  // A message may quote what a server answered.
  if (isAuditError(thrown)) console.error(`${paint.red(thrown.code)}: ${visible(thrown.message)}`);
  else console.error(visible(inspect(thrown)));
  process.exitCode = isAuditError(thrown) && thrown.code === 'ERR_AUDIT_OPTION_INVALID' ? 2 : 1;
}
