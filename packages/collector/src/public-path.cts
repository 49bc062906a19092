import fs = require('node:fs');
import path = require('node:path');

const beside = path.join(__dirname, '..', 'public');

/** The folder of the built page and console. Tests that run on the sources use the build, too. */
const publicPath = fs.existsSync(beside) ? beside : path.join(__dirname, '..', 'dist', 'public');

// This file is CommonJS in both builds, since only CommonJS gives a file its own path in the same way in both.
export = { publicPath };
