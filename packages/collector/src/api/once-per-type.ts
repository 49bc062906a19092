import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';

/** How often a field of these types may occur: four fields of an event are lists of `Field`. */
const ALLOWED: Record<string, number> = { Field: 4 };

/**
 * A rule of validation: a field may occur only once per type in a query, as at the real server. So an alias cannot repeat a search, the number of searches
 * and of fields is bounded by the schema, and no query is nested deeper than it.
 *
 * @param context the context of the validation
 */
export function oncePerType(context: ValidationContext): ASTVisitor {
  const counts = new Map<string, number>();
  return {
    Field(node) {
      const type = context.getParentType()?.name ?? '';
      const field = `${type}.${node.name.value}`;
      const count = (counts.get(field) ?? 0) + 1;
      counts.set(field, count);
      if (count === (ALLOWED[type] ?? 1) + 1) context.reportError(new GraphQLError(`The field "${field}" is repeated.`, { nodes: node }));
    },
  };
}
