import { showControls } from '@auditlogin/core/browser';
import type { JSX } from 'preact';

/** Shows untrusted text: never as markup, isolated in its own writing direction, and with control characters made visible. */
export function Text({ children, none = '–' }: { children: string | null | undefined; none?: string }): JSX.Element {
  if (children === null || children === undefined || children === '') return <span class="none">{none}</span>;
  return <bdi>{showControls(children)}</bdi>;
}

/** A link from an event, if it is an http or https address; otherwise plain text. */
export function Href({ children }: { children: string }): JSX.Element {
  if (!/^https?:\/\//i.test(children) || !URL.canParse(children)) return <Text>{children}</Text>;
  return (
    <a href={children} rel="noreferrer noopener" target="_blank">
      <Text>{children}</Text>
    </a>
  );
}

/** The outcome of an attempt, as a coloured word. */
export function Outcome({ children }: { children: string }): JSX.Element {
  const kind = ['success', 'failure', 'challenge'].includes(children) ? children : 'unknown';
  return (
    <span class={`outcome outcome-${kind}`}>
      <Text>{children}</Text>
    </span>
  );
}
