import { Pool } from 'undici';

// Child process: sends a number of logins and counts the correct answers. Without a rate it sends them over a few connections as fast as it can and
// never sleeps, since the server that answers would be charged for waking it. With a rate it sends logins whether the server is ready or not.
const CONNECTIONS = 8;
const { METHOD = 'POST', TARGET = '/login' } = process.env;
const origin = `http://127.0.0.1:${process.env['PORT']}`;
const lanes = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
const crowd = new Pool(origin, { connections: 128, pipelining: 1 });

async function isRight(pool: Pool): Promise<boolean> {
  const headers = { 'user-agent': 'bench', 'x-request-id': 'r' };
  const { statusCode, body } = await pool.request({ method: METHOD, path: TARGET, headers });
  return (await body.text()) === '{"ok":true}' && statusCode === 200;
}

async function asFastAsPossible(count: number): Promise<number> {
  let left = count;
  let right = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (await isRight(lanes)) right += 1;
    }
  };
  const stayAwake = (): void => void (left > 0 && setImmediate(stayAwake));
  stayAwake();
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  return right;
}

async function atRate(count: number, rate: number): Promise<number> {
  const began = performance.now();
  const answers: Promise<boolean>[] = [];
  while (answers.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - began) / 1_000) * rate));
    while (answers.length < due) answers.push(isRight(crowd));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return (await Promise.all(answers)).filter(Boolean).length;
}

process.on('message', ({ count, rate }: { count: number; rate?: number }) => {
  const began = performance.now();
  void (rate === undefined ? asFastAsPossible(count) : atRate(count, rate)).then((right) =>
    process.send?.({ right, seconds: (performance.now() - began) / 1_000 }),
  );
});
process.send?.({ ready: true });
process.once('disconnect', () => process.exit());
