import { FACET_NAMES, type FacetName, FACETS } from '@auditlogin/core/browser';
import type { JSX, TargetedEvent, TargetedInputEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Filters, isNarrowed, NOT_NARROWED, RANGES } from './filters.js';
import { showTime, type Zone } from './times.js';

/** The form of the filters. A value chosen from a list applies at once, a typed value when Enter is pressed. */
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
  useEffect(() => setDraft(filters), [filters]);
  const type = (name: keyof Filters, value: string): void => setDraft({ ...draft, [name]: value });
  const choose = (chosen: Partial<Filters>): void => onChange({ ...draft, ...chosen });

  return (
    <form
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
          onInput={({ currentTarget }: TargetedInputEvent<HTMLInputElement>) => type('query', currentTarget.value)}
          placeholder="words, action:user.*, actor.id:u1, received:2026-01-01,2026-02-01"
        />
      </label>
      <RangeChoice filters={filters} zone={zone} onChoose={(range) => choose({ range, from: '', to: '' })} />
      {FACET_NAMES.map((name) =>
        FACETS[name].values ? (
          <FacetChoice key={name} name={name} value={filters[name]} onChoose={(value) => choose({ [name]: value })} />
        ) : (
          <label key={name}>
            <span>{FACETS[name].label}</span>
            <input
              value={draft[name]}
              onInput={({ currentTarget }: TargetedInputEvent<HTMLInputElement>) => type(name, currentTarget.value)}
              placeholder="any"
            />
          </label>
        ),
      )}
      <div class="filter-buttons">
        <button type="submit" class="primary">
          Search
        </button>
        {isNarrowed(filters) && (
          <button type="button" onClick={() => onChange({ ...filters, ...NOT_NARROWED })}>
            Clear
          </button>
        )}
      </div>
    </form>
  );
}

function RangeChoice({ filters, zone, onChoose }: { filters: Filters; zone: Zone; onChoose: (range: string) => void }): JSX.Element {
  const { range, from, to } = filters;
  const isCustom = from !== '' || to !== '';
  const edge = (time: string): string => (time === '' ? '…' : showTime(Date.parse(time), zone, false));
  return (
    <label class="range">
      <span>Time</span>
      <select
        value={isCustom ? 'custom' : range}
        onChange={({ currentTarget }: TargetedEvent<HTMLSelectElement>) => onChoose(currentTarget.value)}
      >
        {RANGES.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
        <option value="all">All</option>
        {isCustom && (
          <option value="custom">
            {edge(from)} to {edge(to)}
          </option>
        )}
      </select>
    </label>
  );
}

/** A list of the values of a facet. It contains the current value even if that is not one of the usual values. */
function FacetChoice({ name, value, onChoose }: { name: FacetName; value: string; onChoose: (value: string) => void }): JSX.Element {
  const { label, values = [] } = FACETS[name];
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }: TargetedEvent<HTMLSelectElement>) => onChoose(currentTarget.value)}>
        <option value="">Any</option>
        {[...new Set([...values, value])]
          .filter((each) => each !== '')
          .map((each) => (
            <option key={each}>{each}</option>
          ))}
      </select>
    </label>
  );
}
