import { showControls } from '@auditlogin/core/browser';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ViewerEvent } from './api.js';
import { Href, Outcome, Text } from './text.js';
import { showTime, type Zone } from './times.js';
import { useVerdict } from './verify.js';

type Pick = 'actor' | 'group' | 'address' | 'reason';

/** One event, whole: as it was sent, the text that was hashed, its hash recomputed here, its place in the chain of seals. */
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
  onPick: (name: Pick, value: string) => void;
  onSearch: (query: string) => void;
}): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [event.id]);
  const { actor, group, target, description, fields, metadata } = event.event;
  const pickable = (name: Pick, value: string | null | undefined): JSX.Element =>
    value ? (
      <button type="button" class="link" onClick={() => onPick(name, value)} title="Show all of these">
        <Text>{value}</Text>
      </button>
    ) : (
      <Text>{value}</Text>
    );

  return (
    <section class="card detail" aria-labelledby="detail">
      <header>
        <h2 id="detail" tabIndex={-1} ref={heading}>
          <Outcome>{event.outcome}</Outcome> <Text>{event.event.action}</Text>
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
      <dl>
        <Fact name="Happened">{showTime(event.time, zone)}</Fact>
        <Fact name="Received">{showTime(event.received, zone)}</Fact>
        <Fact name="Reason">{pickable('reason', event.reason)}</Fact>
        <Fact name={actor ? 'Actor' : 'LoginForm identity'}>
          {pickable('actor', event.account)}
          {event.names.actor && (
            <>
              {' '}
              <Text>{event.names.actor}</Text>
            </>
          )}
          {actor?.href && (
            <>
              {' '}
              <Href>{actor.href}</Href>
            </>
          )}
        </Fact>
        <Fact name="Group">{pickable('group', group?.id)}</Fact>
        <Fact name="Address">{pickable('address', event.address)}</Fact>
        {target && (
          <Fact name="Target">
            <Text>{target.id}</Text> {target.href && <Href>{target.href}</Href>}
          </Fact>
        )}
      </dl>
      <Pairs title="Fields" map={fields} />
      <Pairs title="Metadata" map={metadata} />
      {event.seal && (
        <>
          <h3>Seal</h3>
          <dl>
            <Fact name="Place in the chain">
              {event.seal.seq} of instance <Text>{event.seal.instance}</Text>{' '}
              <button type="button" class="link" onClick={() => onSearch(event.seal!.instance)}>
                show the chain
              </button>
            </Fact>
            <Fact name="Seal">
              <code>{event.seal.seal}</code>
            </Fact>
            <Fact name="Seal before">
              {event.seal.prev ? (
                <code>{event.seal.prev}</code>
              ) : event.seal.seq === 1 ? (
                'none: it is the first of its instance'
              ) : (
                'missing'
              )}
            </Fact>
            <Fact name="Key">
              <Text>{event.seal.keyId}</Text>
            </Fact>
          </dl>
          <p class="soft">
            The seal is checked where its key is: <code>auditlogin verify</code>.
          </p>
        </>
      )}
      <h3>Event as it was sent</h3>
      <pre tabIndex={0} aria-label="Event as it was sent">
        <bdi>{JSON.stringify(event.event, null, 2).split('\n').map(showControls).join('\n')}</bdi>
      </pre>
    </section>
  );
}

function Verification({ event }: { event: ViewerEvent }): JSX.Element {
  const { verdict, computed } = useVerdict(event);
  return (
    <div class={`verdict verdict-${verdict}`} role="status">
      {verdict === 'checking' && 'Recomputing the hash …'}
      {verdict === 'verified' && <strong>✓ Verified in this browser: the hash is that of this event.</strong>}
      {verdict === 'altered' && <strong>✗ Altered: this event does not have the hash that its receipt gave.</strong>}
      {verdict === 'impossible' && <strong>Not checked: this browser computes hashes over HTTPS or on localhost only.</strong>}
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
