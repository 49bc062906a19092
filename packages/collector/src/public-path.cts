import fs = require('node:fs');
import path = require('node:path');

const beside = path.join(__dirname, '..', 'public');

/** The folder of the viewer's page and of the console, as they were built. Tests that read the sources use the build, too. */
const publicPath = fs.existsSync(beside) ? beside : path.join(__dirname, '..', 'dist', 'public');

// CommonJS in both builds: only here is a file's own place known in the same words.
export = { publicPath };
