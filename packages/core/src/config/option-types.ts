import * as v from 'valibot';
import { consoleLogger, isLogger } from '../logger.js';

/** Types of options. Their messages say what is expected and never repeat the given value, which may be a secret. */

/**
 * A string.
 *
 * @param min the least number of characters
 */
export function text(min = 1) {
  const expected = `expected a string of ${min} or more characters`;
  return v.pipe(v.string(expected), v.minLength(min, expected));
}

/**
 * A whole number.
 *
 * @param min the smallest value
 * @param max the largest value
 */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const expected = `expected a whole number ${max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`}`;
  return v.pipe(v.number(expected), v.safeInteger(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** A boolean. */
export function flag() {
  return v.boolean('expected true or false');
}

/**
 * One of several words.
 *
 * @param words the words
 */
export function oneOf<const T extends readonly string[]>(words: T) {
  return v.picklist(words, `expected one of ${words.join(', ')}`);
}

/**
 * A string that a function accepts.
 *
 * @param accepts whether a string is valid
 * @param what a description of the valid values
 */
export function textThat(accepts: (value: string) => boolean, what: string) {
  return v.pipe(v.string(`expected ${what}`), v.check(accepts, `expected ${what}`));
}

/**
 * An array.
 *
 * @param item type of the items
 * @param min the least number of items
 */
export function list<T extends v.GenericSchema>(item: T, min = 0) {
  const expected = min === 0 ? 'expected a list' : `expected a list of ${min} or more`;
  return v.pipe(v.array(item, expected), v.minLength(min, expected));
}

/** An optional function. */
export function callback<T>() {
  return v.optional(instance<T>((value) => typeof value === 'function', 'a function'));
}

/** A logger, which defaults to standard error. */
export function logger() {
  return v.optional(instance(isLogger, 'an object with warn() and error()'), consoleLogger);
}

/**
 * A value that a function recognises.
 *
 * @param recognises whether a value is valid
 * @param what a description of the valid values
 */
export function instance<T>(recognises: ((value: unknown) => value is T) | ((value: unknown) => boolean), what: string) {
  return v.custom<T>(recognises, `expected ${what}`);
}

/**
 * An object with these options and no others.
 *
 * @param entries the options by name
 */
export function object<E extends v.ObjectEntries>(entries: E) {
  // `strictObject` accepts an array if it has no required entries.
  return v.pipe(
    instance<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object'),
    v.strictObject(entries, ({ expected }) => `expected ${expected}`),
  );
}

/**
 * A nested object of options. If it is absent, every option in it has its default.
 *
 * @param entries the options by name
 */
export function group<E extends v.ObjectEntries>(entries: E) {
  return v.optional(object(entries), {});
}
