#!/usr/bin/env node
import { readFileSync } from 'node:fs';
// The facets come from the door for browsers, which loads nothing else: every shell completion runs this file.
import { type Facet, FACET_NAMES, FACETS } from '@auditlogin/core/browser';
import tab from '@bomb.sh/tab/commander';
import { Command, Option } from 'commander';
import { paint } from './paint.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Loads a command when it is run: the shell asks for completions far more often. */
function lazy<M extends Record<N, (...given: never[]) => unknown>, N extends string>(load: () => Promise<M>, name: N) {
  return async (...given: unknown[]): Promise<void> => void (await (await load())[name](...(given as never[])));
}

const program = new Command('auditlogin')
  .description('Login auditing for Node: runs a collector or a relay, follows, moves and verifies a log, looks after spools.')
  .version(version)
  .showSuggestionAfterError()
  .showHelpAfterError('(see auditlogin --help)')
  .addHelpText('after', '\nExit codes: 0 done, 1 a check or a command failed, 2 the command line could not be read.')
  .exitOverride((problem) => process.exit(problem.exitCode === 0 ? 0 : 2));

program
  .command('dev')
  .description('Start a collector on this machine: the Publisher API, storage and a viewer.')
  .option('--port <number>', 'port, 0 for any free one', '4477')
  .option('--host <address>', 'address to listen on; beyond loopback a token must be given (default: "127.0.0.1")')
  .option('--allowed-host <names...>', 'further names by which the collector is reached')
  .option('--data <dir>', 'folder of the events', '.auditlogin/collector')
  .option('--project <id>', 'project id', 'dev')
  .addOption(
    // A flag can be read by everybody on the machine, a variable cannot.
    new Option('--token <token>', 'publisher token (default: made at the first start and kept in the data folder)').env(
      'AUDITLOG_COLLECTOR_TOKEN',
    ),
  )
  .option('--base-path <path>', 'path before that of the API, e.g. /auditlog')
  .option('--retain <time>', 'delete events that are older, e.g. 90d (default: never)')
  .option('--retain-size <size>', 'delete the oldest events while the database is larger, e.g. 2gb (default: never)')
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
  .action(lazy(() => import('./commands/verify.js'), 'verify'));

const describeFacet = ({ description, values }: Facet): string => (values ? `${description} ${values.join(', ')}` : description);
const facetOptions = (command: Command): Command => {
  for (const name of FACET_NAMES) {
    command.option(`--${name} <values>`, `only events with one of these, divided by commas: ${describeFacet(FACETS[name])}`);
  }
  return command;
};

facetOptions(connectionOptions(program.command('tail')))
  .description('Show the newest events, then each new one.')
  .option('--query <text>', 'only events that match, in the API\u2019s search syntax', '')
  .option('-n, --lines <number>', 'how many events to begin with', '10')
  .option('--interval <time>', 'how often to look', '2s')
  .option('--timeout <ms>', 'how long to wait for an answer', '30000')
  .option('--no-follow', 'end after the newest events')
  .option('--json', 'print a JSON object a line')
  .addHelpText('after', '\nExample:\n  $ auditlogin tail --outcome failure --query action:user.login')
  .action(lazy(() => import('./commands/tail.js'), 'tail'));

connectionOptions(program.command('export'))
  .description('Write the events of a log, a JSON object a line, with all that is needed to move them.')
  .option('--data <dir>', 'read the data folder of a collector instead of asking a server')
  .option('--output <file>', 'write into this file, which must not be there (default: standard output)')
  .option('--query <text>', 'only events that match, in the API\u2019s search syntax', '')
  .option('--from <time>', 'only events received from then on, in ISO 8601')
  .option('--to <time>', 'only events received before then, in ISO 8601')
  .option('--timeout <ms>', 'how long to wait for an answer', '30000')
  .addHelpText(
    'after',
    '\nA collector gives its events as they were sent; Retraced cuts "created" to whole seconds and gives names as they are now.\n\nExample:\n  $ auditlogin export --data .auditlogin/collector --output log.ndjson',
  )
  .action(lazy(() => import('./commands/export.js'), 'exportLog'));

connectionOptions(program.command('import'))
  .argument('<file>', 'what "auditlogin export" wrote, or - for standard input')
  .description('Publish exported events: "created" stays, ids go into "external_id"; what is there already is left out.')
  .option('--timeout <ms>', 'how long to wait for an answer', '30000')
  .option('--index-lag <time>', 'how long the server takes to find what it stored', '3s')
  .option('--tries <number>', 'how often a batch is tried while the server fails', '8')
  .option('--json', 'print the numbers for programs')
  .addHelpText(
    'after',
    '\nExit codes: 0 all is there, 1 lines were refused, a hash is wrong, or the server failed.\n\nExample:\n  $ auditlogin export --data .auditlogin/collector | AUDITLOG_API_BASE=https://auditlog.example.com auditlogin import -',
  )
  .action(lazy(() => import('./commands/import.js'), 'importLog'));

program
  .command('env')
  .description('Print token and project from the Kubernetes secret that the audit log\u2019s install left.')
  .option('--namespace <name>', 'namespace of the secret (default: that of the context, then any that has it)')
  .option('--context <name>', 'context in kubectl\u2019s configuration (default: the current one)')
  .option('--secret <name>', 'name of the secret', 'auditlog')
  .addOption(new Option('--format <form>', 'how to print').choices(['shell', 'dotenv', 'json']).default('shell'))
  .addHelpText('after', '\nExample:\n  $ eval "$(auditlogin env --namespace auditlog)"\n  $ auditlogin env --format dotenv >> .env')
  .action(lazy(() => import('./commands/env.js'), 'env'));

const DATA_DIR = ['--data <dir>', 'data folder of the collector', '.auditlogin/collector'] as const;
const token = program.command('token').description('Make and revoke publisher tokens of a collector, running or not.');
token
  .command('create')
  .description('Make a token. It is shown this once only.')
  .option(...DATA_DIR)
  .requiredOption('--project <id>', 'the project that it opens')
  .requiredOption('--name <text>', 'what it is for')
  .option('--json', 'print it for programs')
  .addHelpText('after', '\nExample:\n  $ auditlogin token create --project shop --name "shop backend"')
  .action(lazy(() => import('./commands/collector.js'), 'tokenCreate'));
token
  .command('list')
  .description('List the tokens, without their secrets.')
  .option(...DATA_DIR)
  .option('--json', 'print them for programs')
  .action(lazy(() => import('./commands/collector.js'), 'tokenList'));
token
  .command('revoke <id>')
  .description('Revoke a token; the sessions that it opened end.')
  .option(...DATA_DIR)
  .action(lazy(() => import('./commands/collector.js'), 'tokenRevoke'));

program
  .command('backup <file>')
  .description('Copy the database of a collector, running or not.')
  .option(...DATA_DIR)
  .addHelpText('after', '\nExample:\n  $ auditlogin backup /backup/audit-2026-11-23.sqlite')
  .action(lazy(() => import('./commands/collector.js'), 'backup'));

const spool = program.command('spool').description('Look after the spools of this machine: what waits, what was set aside.');
spool
  .command('list')
  .description('List the events that were set aside: those the server refused, and those that grew too old.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the events for programs')
  .action(lazy(() => import('./commands/spool.js'), 'spoolList'));
spool
  .command('show <id>')
  .description('Show one of them, with the reason.')
  .option(...SPOOL_DIR)
  .action(lazy(() => import('./commands/spool.js'), 'spoolShow'));
spool
  .command('replay [ids...]')
  .description('Send events once more, e.g. after the server was repaired.')
  .option(...SPOOL_DIR)
  .option('--all', 'all that was set aside')
  .option('--json', 'print the number for programs')
  .addHelpText('after', '\nExample:\n  $ auditlogin spool replay --all')
  .action(lazy(() => import('./commands/spool.js'), 'spoolReplay'));
spool
  .command('discard [ids...]')
  .description('Delete events that were set aside.')
  .option(...SPOOL_DIR)
  .option('--all', 'all that was set aside')
  .option('--json', 'print the number for programs')
  .action(lazy(() => import('./commands/spool.js'), 'spoolDiscard'));
spool
  .command('stats')
  .description('Tell what each spool holds.')
  .option(...SPOOL_DIR)
  .option('--json', 'print the numbers for programs')
  .action(lazy(() => import('./commands/spool.js'), 'spoolStats'));

const engineOptions = (command: Command): Command =>
  command
    .addOption(new Option('--engine <name>', 'postgres or jetstream (default: the one whose address is given)').env('AUDITLOG_ENGINE'))
    .addOption(new Option('--postgres-url <url>', 'where PostgreSQL is; without it, its PG\u2026 variables').env('AUDITLOG_POSTGRES_URL'))
    .addOption(new Option('--nats <addresses>', 'where the nodes of NATS are, divided by commas').env('AUDITLOG_NATS'))
    .addOption(new Option('--nats-credentials <file>', 'credentials for NATS').env('AUDITLOG_NATS_CREDENTIALS'))
    .option('--stream <name>', 'name of the stream in JetStream', 'AUDITLOGIN')
    .option('--replicas <number>', 'the fewest copies that a stream may keep of an event', '3')
    .option('--lease <time>', 'how long the events of a relay that is gone stay with it', '30s');

engineOptions(connectionOptions(program.command('relay')))
  .description('Publish what applications have handed to PostgreSQL or JetStream. As many relays as wanted work side by side.')
  .option('--listen <address>', 'where health and metrics are answered; beyond loopback AUDITLOG_RELAY_TOKEN must be set', '127.0.0.1:4478')
  .addOption(new Option('--listen-token <token>', 'what opens health and metrics').env('AUDITLOG_RELAY_TOKEN').hideHelp())
  .option('--concurrency <number>', 'the most calls in flight', '4')
  .option('--timeout <ms>', 'how long to wait for an answer', '10000')
  .option('--backoff-max <time>', 'the longest wait between two tries', '60s')
  .option('--in-doubt <rule>', 'what to do with events that may be stored: resend or reconcile', 'reconcile')
  .option('--index-lag <time>', 'how long the server takes to find what it stored', '3s')
  .addHelpText(
    'after',
    '\nGET /livez, /readyz, /healthz (JSON) and /metrics (Prometheus). SIGTERM finishes what is in flight.' +
      '\n\nExample:\n  $ AUDITLOG_POSTGRES_URL=postgres://relay@db/shop AUDITLOG_API_BASE=https://auditlog.example.com auditlogin relay',
  )
  .action(lazy(() => import('./commands/relay.js'), 'relay'));

const engine = program.command('engine').description('Prepare PostgreSQL or JetStream for applications and relays.');
engineOptions(engine.command('init'))
  .description('Make the tables or streams; what is there already is left as it is.')
  .option('--print', 'print the SQL for PostgreSQL instead')
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
  console.error(isAuditError(thrown) ? `${paint.red(thrown.code)}: ${thrown.message}` : thrown);
  process.exitCode = 1;
}
