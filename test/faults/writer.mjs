// Appends to a spool as fast as possible and prints the stored events after each commit.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const { CORE, DIRECTORY, SYNCHRONOUS } = process.env;
const load = (file) => import(pathToFileURL(join(CORE, file)).href);
const { openDiskSpool } = await load('spool/disk/disk-spool.js');
const { takePlace } = await load('spool/disk/directory.js');
const spool = await openDiskSpool(
  takePlace(DIRECTORY, '00000000-00000000'),
  { maxEvents: 1e6, maxBytes: 1e9, ledger: false, commitTimeout: 10_000, synchronous: SYNCHRONOUS },
  { adopted() {}, elsewhere() {}, damaged() {} },
);
writeSync(1, 'ready\n');
for (let index = 0; ; index += 1) {
  const id = `e${index}`;
  const body = JSON.stringify({ action: 'user.login', external_id: id, fill: 'x'.repeat(400) });
  await spool.append({ id, body, tail: '', bytes: body.length });
  writeSync(1, `${id}\n`);
}
