import { useEffect } from 'preact/hooks';

/** The actions of the keyboard shortcuts. */
export interface ShortcutActions {
  close: () => void;
  pause: () => void;
  reload: () => void;
  help: () => void;
}

interface Shortcut {
  /** As in `KeyboardEvent.key`. */
  keys: readonly string[];
  label: string;
  what: string;
  run: (actions: ShortcutActions) => void;
}

/** All keyboard shortcuts. The arrow keys work only on a row of the table, since they scroll elsewhere. */
export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['/'], label: '/', what: 'go to the search field', run: () => document.getElementById('search')?.focus() },
  { keys: ['j', 'ArrowDown'], label: 'j or ↓', what: 'next event', run: () => step(1) },
  { keys: ['k', 'ArrowUp'], label: 'k or ↑', what: 'previous event', run: () => step(-1) },
  { keys: [], label: 'Enter', what: 'open the event', run: () => undefined },
  { keys: ['Escape'], label: 'Esc', what: 'close the event', run: ({ close }) => close() },
  { keys: ['p'], label: 'p', what: 'pause, or follow again', run: ({ pause }) => pause() },
  { keys: ['r'], label: 'r', what: 'reload the log', run: ({ reload }) => reload() },
  { keys: ['?'], label: '?', what: 'show this help', run: ({ help }) => help() },
];

/** Handles the keyboard shortcuts while the page is shown. */
export function useShortcuts(actions: ShortcutActions): void {
  useEffect(() => {
    function press(event: KeyboardEvent): void {
      const shortcut = isForPage(event) ? SHORTCUTS.find(({ keys }) => keys.includes(event.key)) : undefined;
      if (!shortcut) return;
      shortcut.run(actions);
      if (event.key !== 'Escape') event.preventDefault();
    }
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}

/** Whether a key press is for the page instead of the browser, a dialog or the focused field. */
function isForPage({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (key === 'Escape') return !document.querySelector('dialog');
  if (ctrlKey || metaKey || altKey) return false;
  const element = target as HTMLElement;
  if (element.closest('input, select, textarea, dialog')) return false;
  return !key.startsWith('Arrow') || element.closest('[data-row]') !== null;
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}
