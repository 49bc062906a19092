import { Pool } from 'undici';

// Child process: logs in at random moments, whether the server is ready or not (open loop). It measures the time since each arrival.
const RATE = 200;
const pool = new Pool(`http://127.0.0.1:${process.env['PORT']}`, { connections: 128, pipelining: 1 });
let state = 1;
/** A linear congruential generator (Numerical Recipes), so that every run has the same moments. */
const random = (): number => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;

process.on('message', (count: number) => {
  const times: number[] = [];
  let right = 0;
  let due = performance.now();
  let left = count;
  async function logIn(came: number): Promise<void> {
    const { statusCode, body } = await pool.request({ method: 'POST', path: '/login' });
    if ((await body.text()) === '{"ok":true}' && statusCode === 200) right += 1;
    times.push(performance.now() - came);
    if (times.length < count) return;
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.min(count - 1, Math.floor(count * share))]!;
    process.send?.({ p50: at(0.5), p99: at(0.99), right });
  }
  const timer = setInterval(() => {
    while (left > 0 && due <= performance.now()) {
      left -= 1;
      void logIn(due);
      due += (-Math.log(1 - random()) * 1_000) / RATE;
    }
    if (left === 0) clearInterval(timer);
  }, 1);
});
process.send?.({ ready: true });
process.once('disconnect', () => process.exit());
