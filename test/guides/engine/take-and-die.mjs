// #region program
// Takes events from the engine and keeps them in flight, until it is killed.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
require('esbuild-register');
const { sqliteEngine } = require('./sqlite-engine.ts');

const [file, limit] = process.argv.slice(2);
const taken = await sqliteEngine({ file, lease: 1_000 }).peek(Number(limit));
console.log(JSON.stringify(taken.map(({ id }) => id)));
// A timer keeps it alive.
setTimeout(() => undefined, 2 ** 30);
// #endregion
