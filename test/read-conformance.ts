import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

/** A recorded exchange with the read side of the real server. */
export interface ReadRecording {
  name: string;
  category: string;
  request: { method: string; path: string; headers: Record<string, string>; body?: string };
  response: { status: number; content_type: string | null; body: string | null };
  /** Fields of the answer that later requests use, by name. */
  saves?: Record<string, string>;
}

/** An answer without what differs between two runs. */
export interface Comparable {
  status: number | 'refused';
  body: unknown;
}

const REFUSED: Comparable = { status: 'refused', body: undefined };

/** The exchanges recorded with the read side of Retraced 1.13.1; those of the category `setup` fill the log. */
export const readRecordings: readonly ReadRecording[] = readFileSync(join(__dirname, 'data', 'retraced-1.13.1-read.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as ReadRecording);

/** Every given time lies before this one, and every time of a server after it. */
const FIRST_OWN_TIME = Date.UTC(2026, 0);
/** These two events have the same time, so their order is that of their ids. */
const TIED = ['rec-059', 'rec-060'];

interface Ids {
  /** What stands for an id in a comparison: the `external_id`, or the position among all receipts. */
  names: Map<string, string>;
  /** The id that this server gave for a recorded one. */
  own: Map<string, string>;
}

/** Replays the recorded exchanges with another server, and makes its answers comparable with the recorded ones. */
export class Replay {
  private readonly ids: Ids = { names: new Map(), own: new Map() };
  private readonly saved = new Map<string, string>();
  /** The time of each event, by its id at this server. */
  private readonly times = new Map<string, string>();

  /** @param origin address of the server, without a path */
  constructor(private readonly origin: string) {}

  /** Sends an exchange that fills the log. */
  async setUp(recording: ReadRecording): Promise<number> {
    const { status, body } = await this.send(recording);
    const answer = JSON.parse(body) as { id: string } & Record<string, string>;
    for (const [name, field] of Object.entries(recording.saves ?? {})) this.saved.set(name, answer[field]!);
    if (/\/event(?:\/bulk)?$/.test(recording.request.path)) this.learn(recording, answer);
    return status;
  }

  /** Sends an exchange. @returns the recorded answer and that of the server, so that they are equal if the server behaves alike */
  async compare(recording: ReadRecording): Promise<{ recorded: Comparable; seen: Comparable }> {
    const { status, body } = await this.send(recording);
    const { status: recordedStatus, body: recordedBody } = recording.response;
    // A server error is the real server's slip on a bad request, so any refusal is as good.
    if (recordedStatus >= 500) return { recorded: REFUSED, seen: status >= 400 && status < 500 ? REFUSED : { status, body } };
    const recorded = { status: recordedStatus, body: this.comparable(recordedBody ?? '') };
    return { recorded, seen: { status, body: recorded.body === undefined ? undefined : this.comparable(body) } };
  }

  /** Learns the positions of all events. It must be called after the log is filled. */
  async findPositions(project: string, token: string): Promise<void> {
    const { body } = await this.send({
      name: 'positions',
      category: 'setup',
      request: {
        method: 'POST',
        path: `/auditlog/publisher/v1/project/${project}/graphql`,
        headers: { authorization: `Token token=${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ search(first: 100) { edges { cursor node { id } } } }' }),
      },
      response: { status: 200, content_type: null, body: null },
    });
    const { data } = JSON.parse(body) as { data: { search: { edges: { cursor: string; node: { id: string } }[] } } };
    for (const { cursor, node } of data.search.edges) this.times.set(node.id, decoded(cursor)[0]!);
  }

  private learn({ request: { body }, response }: ReadRecording, answer: unknown): void {
    const { events = [JSON.parse(body!)] } = JSON.parse(body!) as { events?: { external_id?: string }[] };
    const [recorded, own] = [JSON.parse(response.body!), answer].map((receipts) => [receipts].flat() as { id: string }[]);
    recorded!.forEach(({ id }, index) => {
      const name = (events as { external_id?: string }[])[index]!.external_id ?? `event ${this.ids.own.size}`;
      this.ids.own.set(id, own![index]!.id);
      this.ids.names.set(id, name).set(own![index]!.id, name);
    });
  }

  private send({ request: { method, path, headers, body } }: ReadRecording): Promise<{ status: number; body: string }> {
    const filled = (text: string): string => text.replace(/\{\{([\w:]+)\}\}/g, (whole, name: string) => this.saved.get(name) ?? whole);
    const { hostname, port } = new URL(this.origin);
    return new Promise((resolve, reject) => {
      const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)]));
      const call = request({ hostname, port, method, path, headers: own }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : this.withOwnIds(filled(body)));
    });
  }

  private withOwnIds(text: string): string {
    return text
      .replace(/[\da-f]{32}/g, (id) => this.ids.own.get(id) ?? id)
      .replace(/[\w+/]{24,}={0,2}/g, (word) => {
        const [time, id, ...rest] = decoded(word);
        const own = id === undefined ? undefined : this.ids.own.get(id);
        return own === undefined ? word : Buffer.from([this.times.get(own) ?? time, own, ...rest].join(',')).toString('base64');
      });
  }

  /** @returns undefined for an answer that is no JSON. The texts of errors are not compared. */
  private comparable(text: string): unknown {
    try {
      return this.normal(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  private normal(value: unknown): unknown {
    if (Array.isArray(value)) return this.normalList(value);
    if (typeof value !== 'object' || value === null) return typeof value === 'string' ? this.normalText(value) : value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, /^(?:message|error|token)$/.test(key) ? typeof inner : this.normal(inner)]),
    );
  }

  private normalList(list: readonly unknown[]): unknown {
    const normal = list.map((one) => this.normal(one));
    if (normal.every((one) => isPair(one))) return normal.sort((a, b) => (a.key < b.key ? -1 : 1));
    const [first, second] = TIED.map((name) => normal.findIndex((edge) => JSON.stringify(edge).includes(`"${name}"`)));
    if (Math.abs(first! - second!) === 1 && first! > second! && second! >= 0) {
      [normal[first!], normal[second!]] = [normal[second!], normal[first!]];
    }
    return normal;
  }

  private normalText(text: string): string {
    const name = this.ids.names.get(text);
    if (name !== undefined) return name;
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && Date.parse(text) >= FIRST_OWN_TIME) return 'a time of the server';
    const [time, id, total] = /^[\w+/]{24,}={0,2}$/.test(text) ? decoded(text) : [];
    if (id === undefined || !this.ids.names.has(id)) return text;
    const position = Number(time) >= FIRST_OWN_TIME ? 'a time of the server' : time;
    return `cursor ${position} ${this.ids.names.get(id)} ${total ?? ''}`;
  }
}

function decoded(cursor: string): string[] {
  return Buffer.from(cursor, 'base64').toString('latin1').split(',');
}

function isPair(value: unknown): value is { key: string } {
  return typeof value === 'object' && value !== null && 'key' in value && 'value' in value;
}
