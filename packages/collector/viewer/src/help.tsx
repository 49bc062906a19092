import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { SHORTCUTS } from './shortcuts.js';

const SYNTAX = [
  ['wrong password', 'events with both words, in any of their forms'],
  ['"actor.id:u1"', 'text with a colon'],
  ['action:user.*', 'actions that begin with "user."'],
  ['actor.id:u1,u2', 'one of these actors'],
  ['actor.name:ann', 'a word in the name of the actor'],
  ['external_id:…', 'the id that the application set'],
  ['received:2026-01-01,2026-02-01', 'received at or after the first time and before the second'],
] as const;

/** The keyboard shortcuts and the search syntax. */
export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help">
      <h2 id="help">Keyboard shortcuts and search</h2>
      <dl class="keys">
        {SHORTCUTS.map(({ label, what }) => (
          <div key={label} class="fact">
            <dt>
              <kbd>{label}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <dl class="keys">
        {SYNTAX.map(([text, what]) => (
          <div key={text} class="fact">
            <dt>
              <code>{text}</code>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button class="primary">Close</button>
      </form>
    </dialog>
  );
}
