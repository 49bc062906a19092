import * as v from 'valibot';
import { consoleLogger, isLogger } from '../logger.js';

/** Types of options. Each says what it expects; none repeats what it was given, since that may be a secret. */

/**
 * A text.
 *
 * @param min the fewest characters
 */
export function text(min = 1) {
  const expected = `expected a string of ${min} or more characters`;
  return v.pipe(v.string(expected), v.minLength(min, expected));
}

/**
 * A whole number.
 *
 * @param min the least
 * @param max the greatest
 */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const expected = `expected a whole number ${max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`}`;
  return v.pipe(v.number(expected), v.safeInteger(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** True or false. */
export function flag() {
  return v.boolean('expected true or false');
}

/**
 * One of some words.
 *
 * @param words which
 */
export function oneOf<const T extends readonly string[]>(words: T) {
  return v.picklist(words, `expected one of ${words.join(', ')}`);
}

/**
 * A text that a function accepts.
 *
 * @param accepts says whether it does
 * @param what is expected, in words
 */
export function textThat(accepts: (value: string) => boolean, what: string) {
  return v.pipe(v.string(`expected ${what}`), v.check(accepts, `expected ${what}`));
}

/**
 * A list.
 *
 * @param item what it is a list of
 * @param min the fewest items
 */
export function list<T extends v.GenericSchema>(item: T, min = 0) {
  const expected = min === 0 ? 'expected a list' : `expected a list of ${min} or more`;
  return v.pipe(v.array(item, expected), v.minLength(min, expected));
}

/** A function, which may be left out. */
export function callback<T>() {
  return v.optional(instance<T>((value) => typeof value === 'function', 'a function'));
}

/** Where warnings and errors go; standard error if it is left out. */
export function logger() {
  return v.optional(instance(isLogger, 'an object with warn() and error()'), consoleLogger);
}

/**
 * A value that is recognised by a function.
 *
 * @param recognises says whether it is one
 * @param what is expected, in words
 */
export function instance<T>(recognises: ((value: unknown) => value is T) | ((value: unknown) => boolean), what: string) {
  return v.custom<T>(recognises, `expected ${what}`);
}

/**
 * An object with these options and no other.
 *
 * @param entries the options by name
 */
export function object<E extends v.ObjectEntries>(entries: E) {
  // A strictObject takes an array for an object without entries.
  return v.pipe(
    instance<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object'),
    v.strictObject(entries, ({ expected }) => `expected ${expected}`),
  );
}

/**
 * Options inside an option. Where it is left out, each has its default.
 *
 * @param entries the options by name
 */
export function group<E extends v.ObjectEntries>(entries: E) {
  return v.optional(object(entries), {});
}
