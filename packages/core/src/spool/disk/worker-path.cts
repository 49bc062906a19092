import fs = require('node:fs');
import path = require('node:path');

const beside = path.join(__dirname, 'disk-worker.js');

/** The file of the spool's worker. A worker runs built code, so tests that read the sources use the build. */
const workerPath = fs.existsSync(beside)
  ? beside
  : path.join(__dirname, '..', '..', '..', 'dist', 'cjs', 'spool', 'disk', 'disk-worker.js');

// CommonJS in both builds: only here is a file's own place known in the same words.
export = { workerPath };
