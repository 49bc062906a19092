/**
 * Reads a property of an application's object. A getter or Proxy that throws must not break the request.
 *
 * @param bag any value
 * @param key the property's name
 * @returns the value; undefined if there is no object or no such property, or if reading it throws
 */
export function property(bag: unknown, key: string): unknown {
  if (typeof bag !== 'object' || bag === null) return undefined;
  try {
    return (bag as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
