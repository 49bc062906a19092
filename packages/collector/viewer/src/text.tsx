import { showControls } from '@auditlogin/core/browser';
import type { JSX } from 'preact';

/** Text of strangers: always text, in its own direction, with what cannot be seen shown. */
export function Text({ children, none = '–' }: { children: string | null | undefined; none?: string }): JSX.Element {
  if (children === null || children === undefined || children === '') return <span class="none">{none}</span>;
  return <bdi>{showControls(children)}</bdi>;
}

/** A link to where an event points, if a browser may go there. */
export function Href({ children }: { children: string }): JSX.Element {
  if (!/^https?:\/\//i.test(children) || !URL.canParse(children)) return <Text>{children}</Text>;
  return (
    <a href={children} rel="noreferrer noopener" target="_blank">
      <Text>{children}</Text>
    </a>
  );
}

/** What became of an attempt, by word and by colour. */
export function Outcome({ children }: { children: string }): JSX.Element {
  const kind = ['success', 'failure', 'challenge'].includes(children) ? children : 'unknown';
  return (
    <span class={`outcome outcome-${kind}`}>
      <Text>{children}</Text>
    </span>
  );
}
