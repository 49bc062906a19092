export { reportIn, type Queryable } from './report-in.js';
export { migrate, MIGRATIONS } from './schema.js';
export { type PostgresSpoolOptions, postgresSpool } from './postgres-spool.js';
