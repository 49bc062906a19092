import fs = require('node:fs');
import path = require('node:path');

/** The folder of this file; undefined if a bundler has put the code into an ES module. */
const folder = typeof __dirname === 'undefined' ? undefined : __dirname;
/** Where the worker's file may be. A worker runs built code, so tests that run the sources use the worker of the build. */
const PLACES = ['disk-worker.js', path.join('..', '..', '..', 'dist', 'cjs', 'spool', 'disk', 'disk-worker.js')];

/** The file of the spool's worker; undefined in a bundle that does not contain it. */
const workerPath: string | undefined =
  folder === undefined ? undefined : PLACES.map((place) => path.join(folder, place)).find((place) => fs.existsSync(place));

// This module is CommonJS in both builds, since `__dirname` and `import.meta` exclude each other.
export = { workerPath };
