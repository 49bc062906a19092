/** Trusted Types, which not every browser supports (https://w3c.github.io/trusted-types). */
interface TrustedTypes {
  createPolicy(name: 'default', rules: { createHTML: (markup: string) => string | null }): unknown;
}

/** Forbids turning text into markup. Only empty markup is allowed, since the chart library empties an element by setting its `innerHTML`. */
export function allowEmptyMarkupOnly(): void {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', { createHTML: (markup) => (markup === '' ? '' : null) });
}
