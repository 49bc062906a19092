import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventHash } from '@auditlogin/core';
import { acceptedEvents, type Recording, recordings } from '../../../test/conformance.js';
import { type Collector, startCollector } from '../src/index.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-conformance-'));
let collector: Collector;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, project: 'dev', token: 'dev', basePath: '/auditlog' });
});
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

/** Sends the recorded request unchanged with node:http, since fetch() would normalise paths and headers. */
function replay({ method, path, headers, body }: Recording['request']): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(collector.apiBase);
    const call = request({ hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

test('reads all recordings', () => expect(recordings).toHaveLength(820));

test.each(recordings.map((recording) => [recording.name, recording] as const))('%s', async (_name, recording) => {
  const answer = await replay(recording.request);
  const { status } = recording.response;
  expect(answer.status).toBe(status === 500 ? 400 : status);
  const parsed = JSON.parse(answer.body) as never;
  if (status !== 201) {
    expect((parsed as { error: string }).error).not.toBe('');
    return;
  }
  const receipts = (Array.isArray(parsed) ? parsed : [parsed]) as { id: string; hash: string }[];
  const accepted = acceptedEvents(recording);
  expect(receipts).toHaveLength(accepted.length);
  accepted.forEach(({ event, receipt }, index) => {
    const { id, hash } = receipts[index]!;
    expect(id).toMatch(/^[\da-f]{32}$/);
    expect(hash).toBe(eventHash(id, event));
    // The recorded receipt proves that our hash of this event equals the real server's.
    expect(eventHash(receipt.id, event)).toBe(receipt.hash);
  });
});
