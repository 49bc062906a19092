// This package exists for the range in its `engines`: package managers skip it, and its native code, if Node has SQLite built in.
module.exports = require('@photostructure/sqlite');
