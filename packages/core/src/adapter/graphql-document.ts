import { property } from '../attempt/property.js';

/** A parsed document, as `parse` of the `graphql` package returns it. */
export interface GraphqlDocument {
  definitions: readonly object[];
}

/** What is read of a node of the syntax tree. */
interface Node {
  kind: string;
  name?: { value: string };
  alias?: { value: string };
  arguments?: readonly Node[];
  selectionSet?: { selections: readonly Node[] };
  /** The text of a scalar, or the node with the value of an argument. */
  value?: unknown;
  values?: readonly Node[];
  fields?: readonly Node[];
}

/** A field that an operation asks for. */
export interface RequestedField {
  /** The names under which the answer holds it: aliases, where the client gave some. */
  keys: readonly string[];
  /** The nodes of its arguments. */
  arguments: readonly object[];
  /** What is asked of it; undefined where the document is not known. */
  selections: readonly object[] | undefined;
  fragments: ReadonlyMap<string, object>;
}

const MAX_FIELDS = 10_000;
const MAX_STEPS = 100_000;
/** How deep the value of an argument is read. */
const MAX_DEPTH = 4;

/**
 * Whether a value is a document.
 *
 * @param value what a parser returned
 */
export function isDocument(value: unknown): value is GraphqlDocument {
  return typeof value === 'object' && value !== null && 'definitions' in value && Array.isArray(value.definitions);
}

/**
 * Finds each place where an operation asks for a field; places that the server merges (the same names) are one.
 *
 * @param document the document
 * @param operationName which of its operations runs; without a name, or with one that it does not have, all of them are read
 * @param path the names of the fields from the root to it
 */
export function collectField(document: GraphqlDocument, operationName: string | undefined, path: readonly string[]): RequestedField[] {
  const definitions = document.definitions as readonly Node[];
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition');
  const named = operations.filter(({ name }) => name?.value === operationName);
  const fragments = new Map(definitions.filter(({ kind }) => kind === 'FragmentDefinition').map((node) => [node.name!.value, node]));
  const walk = { fragments, stepsLeft: MAX_STEPS };
  const running = operationName !== undefined && named.length > 0 ? named : operations;
  let places: Place[] = running.map((operation) => ({ keys: [], arguments: [], selections: [...selectionsOf(operation)] }));
  for (const name of path) places = placesBelow(places, name, walk);
  return places.map((place) => ({ ...place, fragments }));
}

/** Where operations ask for a field: its names in the answer from the root, its arguments, and what is asked for inside of it. */
interface Place {
  keys: string[];
  /** Fields that the server merges have the same arguments (GraphQL, section 5.3.2). */
  arguments: readonly Node[];
  selections: Node[];
}

function placesBelow(places: readonly Place[], name: string, walk: Walk): Place[] {
  const below = new Map<string, Place>();
  for (const { keys, selections } of places) {
    for (const node of fieldsIn(selections, walk)) {
      if (node.name!.value !== name || below.size >= MAX_FIELDS) continue;
      const place = [...keys, keyOf(node)];
      const known = below.get(JSON.stringify(place));
      if (known) known.selections.push(...selectionsOf(node));
      else below.set(JSON.stringify(place), { keys: place, arguments: node.arguments ?? [], selections: [...selectionsOf(node)] });
    }
  }
  return [...below.values()];
}

/**
 * Gives the values of a field's arguments.
 *
 * @param field the field, as it was asked for
 * @param variables the variables of the request
 */
export function argumentsOf(field: RequestedField, variables: unknown): Record<string, unknown> {
  return objectOf(field.arguments as readonly Node[], variables, 0);
}

function objectOf(entries: readonly Node[], variables: unknown, depth: number): Record<string, unknown> {
  return Object.fromEntries(entries.map(({ name, value }) => [name!.value, valueOf(value as Node, variables, depth + 1)]));
}

function valueOf({ kind, name, value, values, fields }: Node, variables: unknown, depth: number): unknown {
  if (kind === 'Variable') return property(variables, name!.value);
  if (depth > MAX_DEPTH) return undefined;
  if (fields) return objectOf(fields, variables, depth);
  return values ? values.map((one) => valueOf(one, variables, depth + 1)) : value;
}

/**
 * Gives what a field returned under the names of the schema. A client may call `message` by the alias `token`; that must not make it one.
 *
 * @param value what the answer holds for the field
 * @param field the field, as it was asked for
 */
export function namedByField(value: unknown, { selections, fragments }: RequestedField): unknown {
  if (selections === undefined) return value;
  return renamed(value, selections as readonly Node[], { fragments: fragments as ReadonlyMap<string, Node>, stepsLeft: MAX_STEPS });
}

interface Walk {
  fragments: ReadonlyMap<string, Node>;
  stepsLeft: number;
}

function renamed(value: unknown, selections: readonly Node[], walk: Walk): unknown {
  if (Array.isArray(value)) return value.map((entry) => renamed(entry, selections, walk));
  if (typeof value !== 'object' || value === null || selections.length === 0) return value;
  const byName: Record<string, unknown> = {};
  for (const [key, { name, inner }] of askedFields(selections, walk)) {
    if (name !== undefined && Object.hasOwn(value, key)) byName[name] = renamed((value as Record<string, unknown>)[key], inner, walk);
  }
  return byName;
}

/** What a selection set asks for, by the names of the answer. A name that stands for different fields, as types of a union may have it, tells nothing. */
function askedFields(selections: readonly Node[], walk: Walk): Map<string, { name: string | undefined; inner: Node[] }> {
  const asked = new Map<string, { name: string | undefined; inner: Node[] }>();
  for (const node of fieldsIn(selections, walk)) {
    const known = asked.get(keyOf(node)) ?? { name: node.name!.value, inner: [] };
    if (known.name !== node.name!.value) known.name = undefined;
    known.inner.push(...selectionsOf(node));
    asked.set(keyOf(node), known);
  }
  return asked;
}

/** The fields of a selection set, those of its fragments too. The steps are bounded: fragments may name each other many times. */
function fieldsIn(selections: readonly Node[], walk: Walk): Node[] {
  const fields: Node[] = [];
  const seen = new Set<string>();
  const stack = [...selections].reverse();
  for (let node = stack.pop(); node !== undefined && walk.stepsLeft > 0; node = stack.pop()) {
    walk.stepsLeft -= 1;
    if (node.kind === 'Field') fields.push(node);
    if (node.kind === 'InlineFragment') stack.push(...selectionsOf(node).toReversed());
    if (node.kind !== 'FragmentSpread' || seen.has(node.name!.value)) continue;
    seen.add(node.name!.value);
    const fragment = walk.fragments.get(node.name!.value);
    if (fragment) stack.push(...selectionsOf(fragment).toReversed());
  }
  return fields;
}

function selectionsOf(node: Node): readonly Node[] {
  return node.selectionSet?.selections ?? [];
}

function keyOf(node: Node): string {
  return node.alias?.value ?? node.name!.value;
}
