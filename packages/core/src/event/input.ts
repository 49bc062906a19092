import type { Crud } from './event.js';

/** A value that is sent as a string; `undefined`, `null` and empty strings are omitted. */
export type TextInput = string | number | bigint | boolean | null | undefined;

/** An id that is sent as a string. An object is converted by its own `toString`, as an ObjectId is. */
export type IdInput = string | number | bigint | { toString(): string };

export type MapInput = Record<string, TextInput>;

/** An event as application code writes it: ids may be numbers, `created` may be a Date, values may be absent. */
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
