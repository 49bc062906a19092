import type { IncomingMessage } from 'node:http';
import type { AuditAction } from '../attempt/action.js';
import type { Ending, Mark } from '../attempt/attempt.js';
import { captureResponseBody } from './response-body.js';
import { gateResponse } from './response-gate.js';
import { createMarker, type Marker, silentMarker } from './marker.js';
import { ResponseEnd } from './response-end.js';
import { type RequestAdapter, type RequestSnapshot, shielded } from './request-adapter.js';
import { readAttempt, type Reader } from './build-attempt.js';

/** On the request itself: a weak map of all requests costs the garbage collector more than all else here. */
const OBSERVATION = Symbol('auditlogin.observation');
type Attended = IncomingMessage & { [OBSERVATION]?: Observation };

/** A request that cannot be looked at is still an attempt. */
const NOTHING_SEEN: RequestSnapshot = { user: undefined, session: undefined, body: undefined, routed: true };

/**
 * The marker of a request.
 *
 * @param incoming the request of node:http
 * @returns a marker that keeps nothing, if no adapter has seen the request
 */
export function markerOf(incoming: IncomingMessage): Marker {
  return (incoming as Attended)[OBSERVATION]?.marker() ?? silentMarker;
}

/**
 * Tells that the client of a request has hung up, for frameworks that notice it before the connection is closed.
 *
 * @param incoming the request of node:http
 */
export function abortedBy(incoming: IncomingMessage): void {
  (incoming as Attended)[OBSERVATION]?.abort();
}

/**
 * The one observation of a request: made when the first adapter sees it, read as the last one reads it.
 *
 * @param source the exchange, as the adapter sees it
 * @param path its path
 * @param reader how the adapter reads it
 */
export function observationOf(source: RequestAdapter<unknown>, path: string, reader: Reader<unknown>): Observation {
  const incoming = source.incoming as Attended;
  const observation = (incoming[OBSERVATION] ??= new Observation(source, path));
  observation.reader = reader;
  return observation;
}

/** A request from when it is first seen to its end. A class, and not functions of its own: there is one for every request. */
export class Observation {
  /** The innermost mount decides how the attempt is read. */
  reader!: Reader<unknown>;
  private readonly startedAt = Date.now();
  private readonly startedTick = performance.now();
  private action: AuditAction = 'user.login';
  private said: Mark | 'skip' | undefined;
  private watch: ResponseEnd | undefined;
  private address: string | undefined;
  private userBefore: unknown;
  private captured: (() => Buffer | undefined) | undefined;
  private recorded: Promise<boolean> | undefined;

  constructor(
    private readonly source: RequestAdapter<unknown>,
    private readonly path: string,
  ) {}

  attend(action: AuditAction | undefined, isAttempt: boolean): void {
    if (action) this.action = action;
    if (isAttempt) this.listen();
  }

  marker(): Marker {
    return createMarker((said) => {
      this.said = said;
      this.listen();
    });
  }

  abort(): void {
    this.watch?.aborted();
  }

  private listen(): void {
    if (this.watch) return;
    const { source, reader } = this;
    const { auditor, outcome, outcomeBodyLimit } = reader;
    const { problem } = auditor;
    this.address = shielded(problem, undefined, () => source.address());
    this.userBefore = shielded(problem, undefined, () => source.user());
    shielded(problem, undefined, () => source.watchSession());
    const watch = new ResponseEnd(source.outgoing, (ending) => this.end(ending));
    this.watch = watch;
    if (auditor.durability === 'before-response') {
      const noteHead = (args: unknown[]): void => watch.noteHead(args);
      gateResponse(source.outgoing, noteHead, async () => {
        watch.answered();
        const mayGo = (await this.recorded) ?? true;
        if (!mayGo) shielded(problem, undefined, () => source.endSession());
        return mayGo;
      });
    }
    if (outcome) this.captured = captureResponseBody(source.outgoing, outcomeBodyLimit);
  }

  private end(ending: Ending): void {
    const { source, reader, watch, said: mark } = this;
    const { problem } = reader.auditor;
    const look = shielded(problem, NOTHING_SEEN, () => source.look());
    const isNoAttempt = ending.kind === 'answered' && ending.status === 404 && !look.routed;
    if (mark === 'skip' || (mark === undefined && isNoAttempt)) return;
    const attempt = readAttempt(
      source,
      look,
      {
        startedAt: this.startedAt,
        duration: performance.now() - this.startedTick,
        path: this.path,
        action: this.action,
        ending,
        mark,
        address: this.address,
        userBefore: this.userBefore,
        sessionBefore: shielded(problem, 'unseen', () => source.sessionBefore()),
        answer: reader.outcome && {
          bytes: this.captured?.(),
          headers: { contentType: watch?.header('content-type'), contentEncoding: watch?.header('content-encoding') },
        },
      },
      reader,
    );
    // Not a function of its own, which would keep the request as long as the attempt waits.
    this.recorded = reader.auditor.record(attempt, reader.decide);
  }
}
