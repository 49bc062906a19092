/** A parsed document, as `parse` of the `graphql` package returns it. */
export interface GraphqlDocument {
  definitions: readonly object[];
}

/** What is read of a node of the syntax tree. */
interface Node {
  kind: string;
  name?: { value: string };
  alias?: { value: string };
  selectionSet?: { selections: readonly Node[] };
}

/** A field that an operation asks for. */
export interface RequestedField {
  /** The names under which the answer holds it: aliases, where the client gave some. */
  keys: readonly string[];
  /** What is asked of it; undefined where the document is not known. */
  selections: readonly object[] | undefined;
  fragments: ReadonlyMap<string, object>;
}

const MAX_FIELDS = 10_000;
const MAX_STEPS = 100_000;

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
  let places: { keys: string[]; selections: Node[] }[] = [];
  for (const operation of operationName !== undefined && named.length > 0 ? named : operations) {
    places.push({ keys: [], selections: [...(operation.selectionSet?.selections ?? [])] });
  }
  for (const name of path) {
    const next = new Map<string, { keys: string[]; selections: Node[] }>();
    for (const { keys, selections } of places) {
      for (const node of fieldsIn(selections, walk)) {
        if (node.name!.value !== name || next.size >= MAX_FIELDS) continue;
        const place = [...keys, keyOf(node)];
        const known = next.get(JSON.stringify(place));
        const inner = node.selectionSet?.selections ?? [];
        if (known) known.selections.push(...inner);
        else next.set(JSON.stringify(place), { keys: place, selections: [...inner] });
      }
    }
    places = [...next.values()];
  }
  return places.map((place) => ({ ...place, fragments }));
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
  const asked = new Map<string, { name: string | undefined; inner: Node[] }>();
  for (const node of fieldsIn(selections, walk)) {
    const known = asked.get(keyOf(node)) ?? { name: node.name!.value, inner: [] };
    // On types of a union one alias may stand for different fields; which of them was answered is not known.
    if (known.name !== node.name!.value) known.name = undefined;
    known.inner.push(...(node.selectionSet?.selections ?? []));
    asked.set(keyOf(node), known);
  }
  const byName: Record<string, unknown> = {};
  for (const [key, { name, inner }] of asked) {
    if (name !== undefined && Object.hasOwn(value, key)) byName[name] = renamed((value as Record<string, unknown>)[key], inner, walk);
  }
  return byName;
}

/** The fields of a selection set, those of its fragments too. The steps are bounded: fragments may name each other many times. */
function fieldsIn(selections: readonly Node[], walk: Walk): Node[] {
  const fields: Node[] = [];
  const seen = new Set<string>();
  const stack = [...selections].reverse();
  for (let node = stack.pop(); node !== undefined && walk.stepsLeft > 0; node = stack.pop()) {
    walk.stepsLeft -= 1;
    if (node.kind === 'Field') fields.push(node);
    if (node.kind === 'InlineFragment') stack.push(...(node.selectionSet?.selections ?? []).toReversed());
    if (node.kind !== 'FragmentSpread' || seen.has(node.name!.value)) continue;
    seen.add(node.name!.value);
    stack.push(...(walk.fragments.get(node.name!.value)?.selectionSet?.selections ?? []).toReversed());
  }
  return fields;
}

function keyOf(node: Node): string {
  return node.alias?.value ?? node.name!.value;
}
