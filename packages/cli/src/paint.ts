import picocolors from 'picocolors';

/** Colours for a terminal; none when the output is no terminal or `NO_COLOR` is set (no-color.org). */
export const paint = picocolors.createColors(picocolors.isColorSupported && !process.env['NO_COLOR']);
