import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { metrics } from '@opentelemetry/api';
import { InMemoryMetricExporter, AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { answer, type FaultServer, startFaultServer, watchedAuditor } from '@auditlogin/testing/contract';

let server: FaultServer;
beforeEach(async () => (server = await startFaultServer()));
afterEach(() => server.close());

const event = (id: string) => ({ action: 'user.login', actor: { id: 'u' }, external_id: id });

it('exports counters and gauges through OpenTelemetry', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const { auditor } = watchedAuditor(server.apiBase);
  for (const id of ['a', 'b', 'c']) await auditor.report(event(id));
  await auditor.flush();
  await reader.forceFlush();
  const found = Object.fromEntries(
    exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap((scope) => scope.metrics)
      .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.at(-1)!.value]),
  );
  expect(found).toMatchObject({
    'auditlogin.events.queued': 3,
    'auditlogin.events.verified': 3,
    'auditlogin.events.lost': 0,
    'auditlogin.events.waiting': 0,
    'auditlogin.events.set_aside': 0,
  });
  await auditor.close();
  await reader.shutdown();
});

it('publishes messages on diagnostics_channel', async () => {
  const seen: [string | symbol, unknown][] = [];
  const names = ['queued', 'receipt', 'retry', 'set-aside'].map((name) => `auditlogin:${name}`);
  const listener = (message: unknown, name: string | symbol): void => void seen.push([name, message]);
  for (const name of names) subscribe(name, listener);
  const { auditor } = watchedAuditor(server.apiBase);
  server.faults.push(
    (_, response) => answer(response, 503, 'no'),
    (_, response) => answer(response, 400, { status: 400, error: 'poison', type: 'ERROR' }),
  );
  await auditor.report(event('a'));
  await auditor.flush();
  await auditor.report(event('b'));
  await auditor.flush();
  await auditor.close();
  for (const name of names) unsubscribe(name, listener);
  expect(seen).toMatchObject([
    ['auditlogin:queued', { id: 'a' }],
    ['auditlogin:retry', { error: { code: 'ERR_AUDIT_SERVER' }, waiting: 1 }],
    ['auditlogin:set-aside', { event: { external_id: 'a' }, error: { code: 'ERR_AUDIT_REFUSED' } }],
    ['auditlogin:queued', { id: 'b' }],
    ['auditlogin:receipt', { verdict: 'verified', event: { external_id: 'b' } }],
  ]);
});

it('describes every problem in health()', async () => {
  const { auditor } = watchedAuditor(server.apiBase, { spool: { maxEvents: 5 } });
  expect(auditor.health()).toMatchObject({ status: 'ok', problems: [], spool: 'memory', breaker: 'closed', lastReceipt: undefined });
  await auditor.report(event('a'));
  await auditor.flush();
  expect(auditor.health().lastReceipt).toMatch(/^\d{4}-/);
  server.always = (_, response) => answer(response, 503, 'no');
  await auditor.report(event('b'));
  await expect(auditor.flush({ timeout: 100 })).rejects.toMatchObject({ code: 'ERR_AUDIT_TIMEOUT' });
  expect(auditor.health()).toMatchObject({
    status: 'degraded',
    problems: ['the server does not accept events (503)'],
    lastError: { code: 'ERR_AUDIT_SERVER' },
  });
  for (const id of ['c', 'd', 'e', 'f']) await auditor.report(event(id));
  await expect(auditor.report(event('g'))).rejects.toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
  expect(auditor.health()).toMatchObject({ status: 'failing', waiting: 5 });
  expect(auditor.health().problems).toEqual(expect.arrayContaining(['1 events were lost', 'the spool is 100% full']));
  await auditor.close({ timeout: 0 });
});

it('records its own start, stop and gaps with lifecycleEvents', async () => {
  const { auditor } = watchedAuditor(server.apiBase, { lifecycleEvents: true, spool: { maxEvents: 3 } });
  server.always = () => undefined;
  const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => auditor.report(event(id))));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(3);
  server.always = undefined;
  await auditor.flush();
  await auditor.report(event('after'));
  await auditor.flush();
  await auditor.close();
  expect(server.stored.map(({ action }) => action)).toEqual([
    ...['audit.start', 'user.login', 'user.login'],
    ...['user.login', 'audit.gap', 'audit.stop'],
  ]);
  expect(server.stored.find(({ action }) => action === 'audit.gap')).toMatchObject({ is_failure: true, fields: { lost: '3' } });
});
