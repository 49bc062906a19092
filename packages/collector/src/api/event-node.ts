import { isTrue, type StringMap } from '@auditlogin/core/log';
import type { StoredEvent } from '../store/log-reader.js';
import type { PartyRecord } from '../store/party-records.js';

/**
 * Converts an event to a node of GraphQL as the real server does, with its losses: times are cut to whole seconds, `raw` and `href` are null, and an absent
 * actor, group or target is an object of nulls (Publisher API, "What can be read back").
 *
 * @param stored the event
 */
export function nodeOf({ id, received, created, canonicalTime, event, known }: StoredEvent): object {
  return {
    ...event,
    id,
    actor: partOf(event.actor, known.actor),
    group: partOf(event.group, known.group),
    target: partOf(event.target, known.target),
    display: { markdown: sentenceOf(event.action, known.actor?.name, known.target?.name) },
    received: seconds(received),
    created: created === undefined ? null : seconds(created),
    canonical_time: seconds(canonicalTime),
    is_failure: flagOf(event.is_failure),
    is_anonymous: flagOf(event.is_anonymous),
    fields: filledPairsOf(event.fields),
    metadata: filledPairsOf(event.metadata),
    raw: null,
  };
}

/** The name is the current one. Type and fields are those that were sent, since a seal covers them; without any they are the current ones, too. */
function partOf(own: ({ id: string } & PartyRecord) | undefined, record: PartyRecord | undefined): object {
  return {
    id: own?.id,
    name: record?.name,
    href: null,
    type: own?.type ?? record?.type,
    fields: pairsOf(own?.fields ?? record?.fields),
  };
}

/** The real server's sentence for an event without a display template. */
function sentenceOf(action: string, actor: string | undefined, target: string | undefined): string {
  const [who, what] = [
    actor === undefined ? 'An unknown actor' : escaped(actor),
    target === undefined ? '' : ` on the item **${escaped(target)}**`,
  ];
  return `**${who}** performed the action **${escaped(action)}**${what}.`;
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
  '`': '&#x60;',
  '=': '&#x3D;',
};

/** Escapes what Handlebars escapes, with which the real server makes the sentence. */
function escaped(text: string): string {
  return text.replace(/[&<>"'`=]/g, (sign) => ESCAPES[sign]!);
}

function flagOf(flag: unknown): boolean | null {
  return flag === undefined || flag === null ? null : isTrue(flag);
}

function pairsOf(map: StringMap | undefined): { key: string; value: string }[] | null {
  return map ? Object.keys(map).map((key) => ({ key, value: String(map[key]) })) : null;
}

function filledPairsOf(map: StringMap | undefined): { key: string; value: string }[] | null {
  return map && Object.keys(map).length > 0 ? pairsOf(map) : null;
}

function seconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
