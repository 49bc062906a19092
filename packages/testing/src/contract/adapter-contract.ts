import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '@auditlogin/core';
import { type RecordingAuditor, recordingAuditor } from '../recording-auditor.js';
import { clientOf } from './client.js';
import type { ContractTest } from './contract-test.js';
import { CANARIES, compare, type ContractAdapter, pause, type PartialEvent, type Scenario } from './scenarios/scenario.js';
import { addresses } from './scenarios/addresses.js';
import { answers } from './scenarios/answers.js';
import { applicationsWord } from './scenarios/applications-word.js';
import { contradictions } from './scenarios/contradictions.js';
import { endings } from './scenarios/endings.js';
import { hostSafety } from './scenarios/host-safety.js';
import { impersonation } from './scenarios/impersonation.js';
import { lateWords } from './scenarios/late-words.js';
import { persons } from './scenarios/persons.js';
import { plainRequests } from './scenarios/plain-requests.js';
import { redirects } from './scenarios/redirects.js';
import { routes } from './scenarios/routes.js';
import { secondFactor } from './scenarios/second-factor.js';
import { sessions } from './scenarios/sessions.js';
import { severalAttempts } from './scenarios/several-attempts.js';
import { statuses } from './scenarios/statuses.js';

/** The scenarios that every adapter must pass, over real sockets. To add a kind of scenarios, add a file and a line here. */
const scenarios: readonly Scenario[] = [
  ...statuses,
  ...answers,
  ...sessions,
  ...redirects,
  ...secondFactor,
  ...applicationsWord,
  ...contradictions,
  ...persons,
  ...impersonation,
  ...addresses,
  ...routes,
  ...severalAttempts,
  ...endings,
  ...plainRequests,
  ...lateWords,
  ...hostSafety,
];

/** Replacements for the contract's default parts. */
export interface AdapterContractParts {
  /** The `durability` option. @default 'after-response' */
  durability?: 'after-response' | 'before-response';
  /** Creates the auditor of a scenario. @default a {@link recordingAuditor} */
  auditor?: () => RecordingAuditor;
  /** Collects every secret that occurred in the scenarios: canaries, and session cookies that the application set. */
  secrets?: Set<string>;
}

/**
 * The tests that every adapter must pass; run each one with `run()`.
 *
 * @param adapter starts applications with the adapter
 * @param parts replacements for the default parts
 */
export function adapterContract(adapter: ContractAdapter, parts: AdapterContractParts = {}): ContractTest[] {
  return scenarios
    .filter(({ onlyAfterResponse }) => !onlyAfterResponse || parts.durability !== 'before-response')
    .map((scenario) => ({
      name: scenario.name,
      run: () => runScenario(adapter, scenario, parts),
      ...(scenario.setup?.host === '::' &&
        !hasIpv6() && { skip: 'this machine has no IPv6: enable it, e.g. by sysctl net.ipv6.conf.lo.disable_ipv6=0' }),
    }));
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}

async function runScenario(
  adapter: ContractAdapter,
  { options, setup, handler, client, ...wanted }: Scenario,
  { durability = 'after-response', auditor: makeAuditor, secrets = new Set() }: AdapterContractParts,
): Promise<void> {
  const directory = durability === 'before-response' ? mkdtempSync(join(tmpdir(), 'auditlogin-contract-')) : undefined;
  const auditor =
    makeAuditor?.() ??
    recordingAuditor({ identityKey: 'key-of-the-contract', durability, ...(directory !== undefined && { spool: { directory } }) });
  const server = await adapter.start({ ...options, auditor: auditor }, handler, {
    host: '127.0.0.1',
    trustedProxies: 0,
    twice: false,
    storeIsDown: false,
    ...setup,
  });
  for (const canary of Object.values(CANARIES)) secrets.add(canary);
  try {
    await client(clientOf(server.base, secrets));
    const count = typeof wanted.expected === 'function' ? (wanted.count ?? 1) : wanted.expected.length;
    await auditor.settled(count);
    // Waits for events that must not occur.
    await pause(30);
    checkRecord(await auditor.settled(count), auditor.problems, wanted, secrets);
  } finally {
    await server.close();
    await auditor.close();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }
}

function checkRecord(
  events: readonly AuditEvent[],
  problems: RecordingAuditor['problems'],
  { expected, problems: known = [] }: Pick<Scenario, 'expected' | 'problems'>,
  secrets: ReadonlySet<string>,
): void {
  if (typeof expected === 'function') expected(events);
  else compareAll(events, expected);
  const text = JSON.stringify(events);
  for (const secret of secrets) assert.ok(!text.includes(secret), `the secret ${secret.slice(0, 9)}… is in an event`);
  const reported = problems.map(({ code, message }) => `${code} ${message}`);
  assert.equal(reported.length, known.length, reported.join('\n'));
  known.forEach((problem, index) => assert.match(reported[index]!, problem));
}

function compareAll(events: readonly Parameters<typeof compare>[0][], expected: readonly PartialEvent[]): void {
  assert.equal(events.length, expected.length, `${events.length} events, expected ${expected.length}: ${JSON.stringify(events)}`);
  expected.forEach((one, index) => compare(events[index]!, one));
}
