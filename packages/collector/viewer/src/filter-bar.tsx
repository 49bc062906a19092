import type { JSX, TargetedEvent, TargetedInputEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Filters, isNarrowed, RANGES } from './filters.js';
import { showTime, type Zone } from './times.js';

const OUTCOMES = ['success', 'failure', 'challenge', 'unknown'];
const REASONS = [
  ...['invalid_credentials', 'user_not_found', 'wrong_password', 'account_locked', 'account_disabled', 'password_expired'],
  ...['mfa_failed', 'rate_limited', 'provider_error', 'server_error', 'aborted'],
];
const TYPED = [
  ['actor', 'Actor'],
  ['group', 'Group'],
  ['address', 'Address'],
] as const;

/** What the log is narrowed by. Choices hold at once, what is typed with Enter. */
export function FilterBar({
  filters,
  zone,
  onChange,
}: {
  filters: Filters;
  zone: Zone;
  onChange: (filters: Filters) => void;
}): JSX.Element {
  const [draft, setDraft] = useState(filters);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => setDraft(filters), [filters]);
  const type = (name: keyof Filters) => (event: TargetedInputEvent<HTMLInputElement>) =>
    setDraft({ ...draft, [name]: event.currentTarget.value });
  const choose = (name: keyof Filters) => (event: TargetedEvent<HTMLSelectElement>) =>
    onChange({ ...draft, [name]: event.currentTarget.value, ...(name === 'range' && { from: '', to: '' }) });
  const isCustom = filters.from !== '' || filters.to !== '';
  const edge = (time: string): string => (time === '' ? '…' : showTime(Date.parse(time), zone, false));

  return (
    <form
      ref={form}
      class="filters"
      role="search"
      aria-label="Filter the log"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(draft);
      }}
    >
      <label class="wide">
        <span>Search</span>
        <input
          id="search"
          type="search"
          value={draft.query}
          onInput={type('query')}
          placeholder="words, action:user.*, actor.id:u1, received:2026-01-01,2026-02-01"
        />
      </label>
      <label>
        <span>Time</span>
        <select value={isCustom ? 'custom' : filters.range} onChange={choose('range')}>
          {RANGES.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          <option value="all">All</option>
          {isCustom && (
            <option value="custom">
              {edge(filters.from)} to {edge(filters.to)}
            </option>
          )}
        </select>
      </label>
      <label>
        <span>Outcome</span>
        <select value={filters.outcome} onChange={choose('outcome')}>
          <option value="">Any</option>
          {OUTCOMES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <span>Reason</span>
        <input list="reasons" value={draft.reason} onInput={type('reason')} placeholder="any" />
      </label>
      <datalist id="reasons">
        {REASONS.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {TYPED.map(([name, label]) => (
        <label key={name}>
          <span>{label}</span>
          <input value={draft[name]} onInput={type(name)} placeholder="any" />
        </label>
      ))}
      <div class="filter-buttons">
        <button type="submit" class="primary">
          Search
        </button>
        {isNarrowed(filters) && (
          <button
            type="button"
            onClick={() => onChange({ ...filters, query: '', outcome: '', reason: '', actor: '', group: '', address: '' })}
          >
            Clear
          </button>
        )}
      </div>
    </form>
  );
}
