/** Koa 2 under an alias, used by the tests as the same shape as Koa 3. */
declare module 'koa2' {
  import Koa from 'koa';
  export default Koa;
}
declare module 'koa-session' {
  export default function session(app: object): unknown;
}
declare module 'koa-generic-session' {
  import type { Middleware } from 'koa';
  const session: { (options: object): Middleware; MemoryStore: new () => object };
  export default session;
}
