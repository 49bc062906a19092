import { setInterval } from 'node:timers';

export default () => new Promise(() => setInterval(() => undefined, 1_000));
