/** Koa 2 under an alias, used by the tests as the same shape as Koa 3. */
declare module 'koa2' {
  import Koa from 'koa';
  export default Koa;
}
declare module 'koa-session' {
  export default function session(app: object): unknown;
}
