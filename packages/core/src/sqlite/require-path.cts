import path = require('node:path');
import process = require('node:process');

/** The file that dependencies are required from: next to this one or, if a bundler has put the code into an ES module, in the working directory. */
const requirePath: string = path.join(typeof __dirname === 'undefined' ? process.cwd() : __dirname, 'auditlogin.js');

// This module is CommonJS in both builds, since `__dirname` and `import.meta` exclude each other.
export = { requirePath };
