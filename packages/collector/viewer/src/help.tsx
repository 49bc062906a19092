import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const KEYS = [
  ['/', 'go to the search'],
  ['j or ↓, k or ↑', 'next event, event before'],
  ['Enter', 'open the event'],
  ['Esc', 'close the event'],
  ['p', 'pause or go on following'],
  ['r', 'read anew'],
  ['?', 'this help'],
] as const;
const SYNTAX = [
  ['wrong password', 'events with both words'],
  ['action:user.*', 'actions that begin so'],
  ['actor.id:u1,u2', 'one of these actors'],
  ['actor.name:ann', 'a word of the name'],
  ['external_id:…', 'our id of an event'],
  ['received:2026-01-01,2026-02-01', 'received from, before'],
] as const;

/** The keys, and the syntax of the search. */
export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help">
      <h2 id="help">Keys and search</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key} class="fact">
            <dt>
              <kbd>{key}</kbd>
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
