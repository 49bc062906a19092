import { Pool } from 'undici';

// A process of its own: logs in as often as it is told, over a few connections, and counts the answers that are right.
const CONNECTIONS = 8;
const { PORT } = process.env;
const pool = new Pool(`http://127.0.0.1:${PORT}`, { connections: CONNECTIONS, pipelining: 1 });

process.on('message', (count: number) => {
  let left = count;
  let right = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/login',
        headers: { 'user-agent': 'bench', 'x-request-id': 'r' },
      });
      if ((await body.text()) === '{"ok":true}' && statusCode === 200) right += 1;
    }
  };
  void Promise.all(Array.from({ length: CONNECTIONS }, lane)).then(() => process.send?.({ right }));
});
process.send?.({ ready: true });
process.once('disconnect', () => process.exit());
