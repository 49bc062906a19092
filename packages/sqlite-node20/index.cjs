// The range in `engines` is what this package is for: package managers leave it and its native code out where Node has SQLite built in.
module.exports = require('@photostructure/sqlite');
