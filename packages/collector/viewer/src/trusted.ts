/** Trusted Types, which not every browser has (https://w3c.github.io/trusted-types). */
interface TrustedTypes {
  createPolicy(name: 'default', rules: { createHTML: (markup: string) => string | null }): unknown;
}

/** The page makes no markup out of text. The chart library empties an element by its `innerHTML`; that, and nothing else, is let through. */
export function allowEmptyMarkupOnly(): void {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', { createHTML: (markup) => (markup === '' ? '' : null) });
}
