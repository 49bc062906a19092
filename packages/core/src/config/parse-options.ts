import * as v from 'valibot';
import { AuditError } from '../errors.js';
import { nearest } from '../nearest.js';

/**
 * Checks options against a schema.
 *
 * @param schema a schema of `object()` in the option types
 * @param given the application's options
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` with the nearest known option, or `ERR_AUDIT_OPTION_INVALID`
 */
export function parseOptions<S extends v.GenericSchema>(schema: S, given: unknown): v.InferOutput<S> {
  const result = parsed(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    throw new AuditError('ERR_AUDIT_OPTION_UNKNOWN', `Unknown option "${path}"${nearest(path, optionNames(schema))}.`, { field: path });
  }
  if (path === '') throw new AuditError('ERR_AUDIT_OPTION_INVALID', `The options are ${show(given)}; expected an object.`);
  const seen = SECRET_OPTIONS.has(path) ? `a value that is not shown (${typeof issue.input})` : show(issue.input);
  throw invalidOption(path, `is ${seen}: ${issue.message}`);
}

const SECRET_OPTIONS = new Set(['token', 'identityKey', 'seal', 'seal.key']);

/** Options may have getters, which are application code and may throw. */
function parsed<S extends v.GenericSchema>(schema: S, given: unknown): v.SafeParseResult<S> {
  try {
    return v.safeParse(schema, given, { abortEarly: true, message: ({ expected }) => `expected ${expected}` });
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `The options cannot be read: reading them threw (${kind}).`);
  }
}

/**
 * Lists the names of all options of a schema; those of nested objects have a dot.
 *
 * @param schema a schema of `object()` in the option types
 */
export function optionNames(schema: v.GenericSchema): string[] {
  return Object.entries(entriesOf(schema)).flatMap(([name, field]) => [name, ...optionNames(field).map((inner) => `${name}.${inner}`)]);
}

/** The internal shape of schemas: an optional schema wraps another one; an object schema follows the check that the value is an object. */
interface Shape extends v.GenericSchema {
  wrapped?: Shape;
  pipe?: Shape[];
  entries?: Record<string, v.GenericSchema>;
}

function entriesOf({ entries, wrapped, pipe = [] }: Shape): Record<string, v.GenericSchema> {
  if (wrapped) return entriesOf(wrapped);
  return entries ?? pipe.find((step) => step.entries)?.entries ?? {};
}

/**
 * Creates the error for an invalid option.
 *
 * @param name name of the option, with dots
 * @param problem the problem, and what is expected
 */
export function invalidOption(name: string, problem: string): AuditError {
  return new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "${name}" ${problem}.`, { field: name });
}

/**
 * Describes a value for an error message: the beginning of a text, a number, or the kind of value.
 *
 * @param value the value
 */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
