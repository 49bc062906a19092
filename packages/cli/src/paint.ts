import picocolors from 'picocolors';

/** Colours for a terminal. They are off if the output is not a terminal or `NO_COLOR` is set (no-color.org). */
export const paint = picocolors.createColors(picocolors.isColorSupported && !process.env['NO_COLOR']);
