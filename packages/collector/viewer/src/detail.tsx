import { accountOf, correctionIn, FACET_NAMES, type FacetName, FACETS, readFacets, showControls } from '@auditlogin/core/browser';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ViewerEvent } from './api.js';
import { Href, Outcome, Text } from './text.js';
import { showTime, type Zone } from './times.js';
import { useVerdict } from './verify.js';

type Pick = (name: FacetName, value: string) => void;

/** The details of an event: its facts, the hashed text, the recomputed hash, the position in the chain of seals, and the JSON that was sent. */
export function Detail({
  event,
  zone,
  onClose,
  onPick,
  onSearch,
}: {
  event: ViewerEvent;
  zone: Zone;
  onClose: () => void;
  onPick: Pick;
  onSearch: (query: string) => void;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [event.id]);
  const { action, description, fields, metadata } = event.event;

  return (
    <section class="card detail" aria-labelledby="detail">
      <header>
        <h2 id="detail" tabIndex={-1} ref={heading}>
          <Outcome>{FACETS.outcome.read(event.event) ?? ''}</Outcome> <Text>{action}</Text>
        </h2>
        <button type="button" onClick={onClose} aria-label="Close the event" title="Esc">
          ✕
        </button>
      </header>
      {description && (
        <p>
          <Text>{description}</Text>
        </p>
      )}
      <Verification event={event} />
      <Corrections event={event} onSearch={onSearch} />
      <Facts event={event} zone={zone} onPick={onPick} />
      <Pairs title="Fields" map={fields} />
      <Pairs title="Metadata" map={metadata} />
      {event.seal && <Seal seal={event.seal} onSearch={onSearch} />}
      <h3>Event as it was sent</h3>
      <pre tabIndex={0} aria-label="Event as it was sent">
        <bdi>{JSON.stringify(event.event, null, 2).split('\n').map(showControls).join('\n')}</bdi>
      </pre>
    </section>
  );
}

function Facts({ event, zone, onPick }: { event: ViewerEvent; zone: Zone; onPick: Pick }): JSX.Element {
  const { target } = event.event;
  const facets = readFacets(event.event);
  return (
    <dl>
      <Fact name="Happened">{showTime(event.time, zone)}</Fact>
      <Fact name="Received">{showTime(event.received, zone)}</Fact>
      {FACET_NAMES.filter((name) => name !== 'outcome').map((name) => (
        <Fact key={name} name={name === 'account' && isTyped(event) ? 'Typed user name' : FACETS[name].label}>
          <FacetButton name={name} value={facets[name]} onPick={onPick} />
          {name === 'account' && <AccountExtras event={event} />}
        </Fact>
      ))}
      {target && (
        <Fact name="Target">
          <Text>{target.id}</Text> {target.href && <Href>{target.href}</Href>}
        </Fact>
      )}
    </dl>
  );
}

/** Whether the event has no account but only a typed name. */
function isTyped({ event }: ViewerEvent): boolean {
  return accountOf(event) === undefined;
}

/** A button that shows all events with the same value. */
function FacetButton({ name, value, onPick }: { name: FacetName; value: string | undefined; onPick: Pick }): JSX.Element {
  if (value === undefined) return <Text>{value}</Text>;
  return (
    <button type="button" class="link" onClick={() => onPick(name, value)} title="Show all events with this value">
      <Text>{value}</Text>
    </button>
  );
}

function AccountExtras({ event: { names, event } }: { event: ViewerEvent }): JSX.Element {
  const [account, name] = event.actor ? [event.actor, names.actor] : [undefined, accountOf(event) && names.target];
  return (
    <>
      {name && (
        <>
          {' '}
          <Text>{name}</Text>
        </>
      )}
      {account?.href && (
        <>
          {' '}
          <Href>{account.href}</Href>
        </>
      )}
    </>
  );
}

/** Links to the event that corrects this one, and to the event that this one corrects. */
function Corrections({
  event: { event, correctedBy },
  onSearch,
}: {
  event: ViewerEvent;
  onSearch: (query: string) => void;
}): JSX.Element | null {
  const corrects = correctionIn(event);
  if (corrects === undefined && correctedBy === undefined) return null;
  const link = (id: string): JSX.Element => (
    <button type="button" class="link" onClick={() => onSearch(`external_id:${id}`)}>
      <Text>{id}</Text>
    </button>
  );
  return (
    <>
      {correctedBy !== undefined && (
        <p role="note">A later event corrects this one. Only the correction counts as an attempt: {link(correctedBy)}</p>
      )}
      {corrects !== undefined && <p role="note">This event corrects an earlier one: {link(corrects)}</p>}
    </>
  );
}

function Seal({ seal, onSearch }: { seal: NonNullable<ViewerEvent['seal']>; onSearch: (query: string) => void }): JSX.Element {
  const isFirst = seal.seq === 1;
  return (
    <>
      <h3>Seal</h3>
      <dl>
        <Fact name="Position in the chain">
          {seal.seq} of instance <Text>{seal.instance}</Text>{' '}
          <button type="button" class="link" onClick={() => onSearch(seal.instance)}>
            Show the chain
          </button>
        </Fact>
        <Fact name="Seal">
          <code>{seal.seal}</code>
        </Fact>
        <Fact name="Previous seal">
          {seal.prev ? <code>{seal.prev}</code> : isFirst ? 'None: this is the first event of its instance.' : 'Missing'}
        </Fact>
        <Fact name="Key">
          <Text>{seal.keyId}</Text>
        </Fact>
      </dl>
      <p class="soft">
        This page does not have the key, so it cannot check the seal. Run <code>auditlogin verify</code> on a machine that has the key.
      </p>
    </>
  );
}

function Verification({ event }: { event: ViewerEvent }): JSX.Element {
  const { verdict, computed } = useVerdict(event);
  return (
    <div class={`verdict verdict-${verdict}`} role="status">
      {verdict === 'checking' && 'Recomputing the hash …'}
      {verdict === 'verified' && <strong>✓ Verified in this browser: the event has the hash of its receipt.</strong>}
      {verdict === 'altered' && <strong>✗ Altered: this event does not have the hash of its receipt.</strong>}
      {verdict === 'impossible' && <strong>Not checked: browsers compute hashes only over HTTPS or on localhost.</strong>}
      <dl>
        <Fact name="Id">
          <code>{event.id}</code>
        </Fact>
        <Fact name="Hash in the receipt">
          <code>{event.hash}</code>
        </Fact>
        {verdict === 'altered' && (
          <Fact name="Hash of this event">
            <code>{computed}</code>
          </Fact>
        )}
      </dl>
      <details>
        <summary>Canonical text</summary>
        <pre tabIndex={0} aria-label="Canonical text">
          <Text>{event.canonical}</Text>
        </pre>
      </details>
    </div>
  );
}

/** The pairs of a map, without the fields of the seal, which have their own section. */
function Pairs({ title, map }: { title: string; map: Record<string, string> | undefined }): JSX.Element | null {
  const shown = Object.entries(map ?? {}).filter(([name]) => !/^seal(?:_|$)/.test(name));
  if (shown.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <dl>
        {shown.map(([name, value]) => (
          <Fact key={name} name={name}>
            <Text>{value}</Text>
          </Fact>
        ))}
      </dl>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>
        <Text>{name}</Text>
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
