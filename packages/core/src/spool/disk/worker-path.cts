import fs = require('node:fs');
import path = require('node:path');
import process = require('node:process');

/** The folder of this file; undefined where a bundler has put it into an ES module. */
const folder = typeof __dirname === 'undefined' ? undefined : __dirname;
/** A worker runs built code, so tests that read the sources use the build. */
const PLACES = ['disk-worker.js', path.join('..', '..', '..', 'dist', 'cjs', 'spool', 'disk', 'disk-worker.js')];

/** The file of the spool's worker; undefined in a bundle that has left it behind. */
const workerPath: string | undefined =
  folder === undefined ? undefined : PLACES.map((place) => path.join(folder, place)).find((place) => fs.existsSync(place));

/** From where packages of ours are found: beside this file, or, in a bundle, beside the program. */
const home: string = path.join(folder ?? process.cwd(), 'auditlogin.js');

// CommonJS in both builds: only here is a file's own place known in the same words.
export = { workerPath, home };
