import type { Crud } from './event.js';

/** A value that becomes a string of the API; `undefined`, `null` and empty strings are left out. */
export type TextInput = string | number | bigint | boolean | null | undefined;

/** An id that becomes a string of the API; objects count by their own `toString`, as an ObjectId does. */
export type IdInput = string | number | bigint | { toString(): string };

export type MapInput = Record<string, TextInput>;

/** An event as people write it: ids may be numbers, `created` may be a Date, values may be absent. */
export interface EventInput {
  action: string;
  /** @default 'c' */
  crud?: Crud;
  actor?: { id: IdInput; name?: TextInput; href?: TextInput; fields?: MapInput } | undefined;
  group?: { id: IdInput; name?: TextInput } | undefined;
  target?: { id: IdInput; name?: TextInput; href?: TextInput; type?: TextInput; fields?: MapInput } | undefined;
  is_failure?: boolean | undefined;
  /** @default true when there is no actor */
  is_anonymous?: boolean | undefined;
  source_ip?: string | undefined;
  /** A Date, milliseconds since 1970, or ISO 8601. @default now */
  created?: Date | number | string | undefined;
  description?: TextInput;
  component?: TextInput;
  version?: TextInput;
  external_id?: TextInput;
  fields?: MapInput | undefined;
  metadata?: MapInput | undefined;
}
