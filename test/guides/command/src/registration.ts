connectionOptions(program.command('count'))
  .description('Count the events of a log by their outcome.')
  .option('--query <text>', 'only events that match this search, in the syntax of the API', '')
  .option('--timeout <ms>', 'how long to wait for each page', '30000')
  .option('--json', 'print the numbers as JSON')
  .addHelpText('after', '\nExample:\n  $ auditlogin count --query action:user.login')
  .action(lazy(() => import('./commands/count.js'), 'count'));
