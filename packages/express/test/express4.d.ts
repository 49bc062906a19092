/** Express 4 under an alias, used by the tests as the same shape as Express 5. */
declare module 'express4' {
  import express from 'express';
  export default express;
}
