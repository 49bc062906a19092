import type { JSX } from 'preact';
import { api, type Session } from './api.js';
import { Text } from './text.js';
import { type Zone, zoneName } from './times.js';
import type { LogState } from './use-log.js';

const LIVE: Record<LogState['live'], string> = {
  following: '● live',
  paused: '❚❚ paused',
  interrupted: '○ interrupted, reconnecting',
  off: '○ not live: the time range has an end',
};

/** The head of the page: project and group, whether new events appear, and the buttons for the whole page. */
export function TopBar({
  session,
  log,
  isPaused,
  zone,
  onPause,
  onZone,
  onHelp,
  onSignedOut,
}: {
  session: Session;
  log: LogState;
  isPaused: boolean;
  zone: Zone;
  onPause: () => void;
  onZone: (zone: Zone) => void;
  onHelp: () => void;
  onSignedOut: () => void;
}): JSX.Element {
  return (
    <header class="top">
      <h1>Login audit</h1>
      <p>
        Project <strong>{session.project}</strong>
        {session.group !== undefined && (
          <>
            , only group{' '}
            <strong>
              <Text>{session.group}</Text>
            </strong>
          </>
        )}
      </p>
      <p class={`live live-${log.live}`} role="status">
        {LIVE[log.live]}
        {isPaused && log.held > 0 && `, ${log.held} new`}
      </p>
      <div class="top-buttons">
        <button type="button" onClick={onPause} disabled={log.live === 'off'} title="p">
          {isPaused ? 'Follow' : 'Pause'}
        </button>
        <label>
          <span class="hidden">Time zone</span>
          <select value={zone} onChange={(event) => onZone(event.currentTarget.value as Zone)}>
            <option value="local">{zoneName('local')}</option>
            <option value="utc">UTC</option>
          </select>
        </label>
        <button type="button" onClick={onHelp} aria-label="Keyboard shortcuts and search" title="?">
          ?
        </button>
        <button type="button" onClick={() => void api.signOut().finally(onSignedOut)}>
          Sign out
        </button>
      </div>
    </header>
  );
}
