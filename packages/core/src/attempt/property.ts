/**
 * Reads a property of an object that is not ours: a getter or a Proxy of the application may throw, and must not do so into its own request.
 *
 * @param bag any value
 * @param key the property's name
 * @returns the value; undefined where there is no object, no such property, or where reading it throws
 */
export function property(bag: unknown, key: string): unknown {
  if (typeof bag !== 'object' || bag === null) return undefined;
  try {
    return (bag as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
