// Takes events from an engine and keeps them, until it is killed.
import { engineIn } from './engine.mjs';

const spool = await engineIn(process.env);
for (;;) {
  await spool.refresh();
  const taken = await spool.peek(Number(process.argv[2]));
  if (taken.length > 0) {
    await spool.begin(taken);
    console.log(JSON.stringify(taken.map(({ id }) => id)));
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}
// A timer keeps it alive.
setTimeout(() => undefined, 2 ** 30);
