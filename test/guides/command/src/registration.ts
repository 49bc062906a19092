connectionOptions(program.command('count'))
  .description('Count the events of a log by their outcome.')
  .option('--query <text>', 'only events that match, in the API\u2019s search syntax', '')
  .option('--timeout <ms>', 'how long to wait for a page', '30000')
  .option('--json', 'print the numbers for programs')
  .addHelpText('after', '\nExample:\n  $ auditlogin count --query action:user.login')
  .action(lazy(() => import('./commands/count.js'), 'count'));
