import type { LibraryVerdict, Mark, SessionSnapshot } from '../attempt/attempt.js';
import { LOOKS, pathOf, pathsOf } from '../attempt/route-match.js';
import { AttemptRecord, type Word } from './attempt-record.js';
import type { AuditReader } from './audit-reader.js';
import { buildAttempts } from './build-attempt.js';
import { onConnectionClosed } from './connection.js';
import { readLoginForm } from './login-form.js';
import { createMarker, type Marker, withKnownAction } from './marker.js';
import type { ObservedExchange } from './observed-exchange.js';
import { captureReceivedBody, type ReceivedBody } from './received-body.js';
import type { RequestAdapter, RequestSnapshot, RouteSnapshot } from './request-adapter.js';
import { enterContext, runInContext } from './request-context.js';
import { carriesNoCredential } from './request-credentials.js';
import { captureResponseBody, type CapturedBody } from './response-body.js';
import { onResponseClosed, onResponseSent } from './response-end.js';
import { ResponseHead } from './response-head.js';
import { gateResponse } from './response-gate.js';
import { shielded } from './shielded.js';

/** The snapshot of a request that cannot be read, which may still be an attempt. */
const NOTHING_SEEN: RequestSnapshot = { user: undefined, session: undefined, body: undefined, method: '', isUnhandled: false };

/** More routes than these run for no request; what came last counts. */
const MAX_ROUTES = 8;

/** The longest body of a request that is captured, in bytes. Login forms are far shorter. */
const MAX_RECEIVED = 65_536;

/**
 * A request from when it is first seen to its end. It is over when its answer was handed over; after a hang-up when its handler has ended, or when
 * `abortWait` is over. A class, and not functions of its own: there is one for every request.
 *
 * Most requests are no attempts, so a request that only looks is not waited for until something gives a reason: its route, a marker, a library, a session
 * that is saved. Then {@link wake} listens for a hang-up, too.
 */
export class Observation {
  readonly startedAt = Date.now();
  private readonly startedTick = performance.now();
  private readonly method: string;
  /** The options of the innermost mount. */
  private reader!: AuditReader<unknown>;
  private isMounted = false;
  private isRouted = false;
  private readonly routes: RouteSnapshot[] = [];
  private address: string | undefined;
  private isAddressKnown = false;
  private userBefore: unknown;
  private sessionBefore: SessionSnapshot | 'unseen' | undefined = 'unseen';
  private isSessionSeen = false;
  private isSaved: boolean | undefined;
  private isHandled = false;
  private isGone = false;
  private readonly verdicts: LibraryVerdict[] = [];
  private readonly record = new AttemptRecord();
  private head: ResponseHead | undefined;
  private body: CapturedBody | undefined;
  private received: ReceivedBody | undefined;
  private isGated = false;
  /** Whether the response was sent before its end was known. */
  private isCut = false;
  private abortTimer: NodeJS.Timeout | undefined;
  /** Whether there is a reason to expect an attempt. */
  private isExpected = false;
  private isOver = false;
  /** Set while the request is waited for. */
  private stopWaiting: (() => void) | undefined;

  constructor(private readonly adapter: RequestAdapter<unknown>) {
    this.method = adapter.incoming.method ?? '';
    // Node reads the address of a connection when it is first asked, and can no more once that is closed.
    this.ask(undefined, () => adapter.incoming.socket?.remoteAddress);
    onResponseSent(adapter.outgoing, (isSent) => (isSent ? this.settle('answered') : this.hungUp()));
  }

  /**
   * Called by each adapter that sees the request.
   *
   * @param reader how it reads attempts
   * @param isAttempt whether it is mounted on this very route
   */
  attend(reader: AuditReader<unknown>, isAttempt: boolean): void {
    if (this.isOver) return;
    const isFirst = this.reader === undefined;
    this.reader = reader;
    if (isAttempt) this.isMounted = true;
    if (isFirst) {
      this.ask(undefined, () => reader.passport?.amongModules());
      this.lookBefore();
    }
    if (isAttempt || reader.matcher.mayMatch(this.adapter.target)) this.expect();
    else if (!LOOKS.has(this.method)) this.wake();
  }

  /**
   * Called when the framework's router has matched a route and its handlers are about to run, so that no handler has changed the session or the user
   * yet.
   *
   * @param route the route
   */
  routed(route: RouteSnapshot): void {
    if (this.isOver) return;
    if (this.routes.length < MAX_ROUTES) this.routes.push(route);
    else this.routes[MAX_ROUTES - 1] = route;
    this.ask(undefined, () => this.reader.passport?.onRequest(this.adapter.incoming, this.adapter.request));
    if (!this.isRouted) this.lookBefore();
    this.isRouted = true;
    // Body parsers may have lost the context.
    enterContext(this);
    if (!this.isExpected && this.isLoginRoute()) this.expect();
  }

  /**
   * Runs the application's handlers with this observation at hand for `mark()`.
   *
   * @param handlers runs them
   */
  run<T>(handlers: () => T): T {
    return runInContext(this, handlers);
  }

  /** Returns a new marker with every call. */
  marker(): Marker {
    const word: Word = { mark: undefined };
    return createMarker((mark) => this.marked(word, mark));
  }

  /**
   * A library has decided about a credential. The last verdict of a request counts.
   *
   * @param verdict what it decided
   */
  decided(verdict: LibraryVerdict): void {
    if (this.isOver) return;
    this.verdicts.push(verdict);
    if (!verdict.onLoginRoute) this.expect();
  }

  /**
   * Records the verdict of a library. If reading it throws, only the verdict is lost.
   *
   * @param read gives the verdict, or undefined for none
   */
  tell(read: () => LibraryVerdict | undefined): void {
    const verdict = this.ask(undefined, read);
    if (verdict) this.decided(verdict);
  }

  /** Whether verdicts of Passport are recorded. */
  get hearsPassport(): boolean {
    return this.reader.passport !== undefined;
  }

  /**
   * The session middleware has loaded a session, or made one. The first one counts, even if it is loaded by the handler.
   *
   * @param read returns the session; by default the adapter does
   */
  sessionLoaded(read: () => unknown = () => this.adapter.session()): void {
    if (this.isOver || this.isSessionSeen) return;
    this.isSessionSeen = true;
    const { reader } = this;
    this.sessionBefore = this.ask<SessionSnapshot | 'unseen' | undefined>('unseen', () => reader.sessionSnapshot(read()));
  }

  /**
   * Called when the session store has responded.
   *
   * @param isSaved whether it saved the session
   */
  saved(isSaved: boolean): void {
    this.isSaved = isSaved;
    this.wake();
  }

  /** Called when the handler has ended, by frameworks that await it. */
  handled(): void {
    this.isHandled = true;
    if (this.abortTimer) setImmediate(() => this.settle('aborted'));
    else if (this.hasHungUp()) this.wake();
  }

  /** Called when the client has disconnected. The handler is awaited, since it may still log somebody in. */
  hungUp(): void {
    this.isGone = true;
    if (this.isOver || this.abortTimer || !this.stopWaiting) return;
    const { outgoing } = this.adapter;
    // The handler of a pipelined request may have ended while the response waited for its turn.
    if (outgoing.writableEnded || this.isHandled) return this.settle('aborted');
    this.abortTimer = setTimeout(() => this.settle('aborted'), this.reader.abortWait);
    this.abortTimer.unref();
    const { end } = outgoing as { end: (...args: unknown[]) => unknown };
    const handled = (): void => this.handled();
    outgoing.end = function (this: unknown, ...args: unknown[]): unknown {
      handled();
      return end.apply(this, args);
    } as typeof outgoing.end;
  }

  /** Records what is known, if the answer is given or the client is gone: for whoever will not wait. */
  hurry(): void {
    if (this.abortTimer) this.settle('aborted');
    else if (this.adapter.outgoing.writableEnded) this.settle('answered');
  }

  private ask<T>(otherwise: T, look: () => T): T {
    return shielded((error) => this.reader?.auditor.problem(error), otherwise, look);
  }

  private lookBefore(): void {
    const { adapter, reader } = this;
    this.userBefore = this.ask(undefined, () => adapter.user());
    const session = this.ask(undefined, () => adapter.session());
    if (session === undefined && this.sessionBefore !== 'unseen') return;
    if (session !== undefined) this.isSessionSeen = true;
    if (session !== undefined || this.routes.length > 0) {
      this.sessionBefore = this.ask<SessionSnapshot | 'unseen' | undefined>('unseen', () => reader.sessionSnapshot(session));
    }
  }

  private lookForAddress(): void {
    if (this.isAddressKnown) return;
    this.isAddressKnown = true;
    const { adapter, reader } = this;
    const { incoming } = adapter;
    this.address = this.ask(undefined, () =>
      reader.clientAddress ? reader.clientAddress(incoming.socket?.remoteAddress, incoming.headers) : adapter.address(),
    );
  }

  /** From here on the request is waited for, also when its client has hung up, or has done so already. */
  private wake(): void {
    if (this.stopWaiting || this.isOver) return;
    const { adapter, reader } = this;
    const { incoming, outgoing } = adapter;
    const untrack = reader.auditor.track(this);
    const leave = onConnectionClosed(incoming.socket, this);
    this.stopWaiting = () => {
      untrack();
      leave();
    };
    // Hosts without a socket may emit `close` within `finish`, which then comes next.
    onResponseClosed(outgoing, () => {
      if (!this.isOver) setImmediate(() => this.hungUp());
    });
    if (this.hasHungUp()) this.hungUp();
  }

  /** A connection of HTTP/2 outlives its streams, and cannot be asked when it is gone. */
  private hasHungUp(): boolean {
    const { incoming, outgoing } = this.adapter;
    return this.isGone || outgoing.destroyed || (incoming.httpVersionMajor < 2 && incoming.socket?.destroyed);
  }

  /** Gets ready for an attempt: its answer is captured, and held back if the application wants that. */
  private expect(): void {
    const { adapter, reader } = this;
    this.isExpected = true;
    this.wake();
    if (this.isOver) return;
    this.lookForAddress();
    if (!LOOKS.has(this.method)) this.received ??= this.ask(undefined, () => captureReceivedBody(adapter.incoming, MAX_RECEIVED));
    if (!this.body && !adapter.outgoing.headersSent) {
      if (reader.auditor.durability === 'before-response') this.gate();
      if (reader.bodyLimit > 0) this.body = captureResponseBody(adapter.outgoing, reader.bodyLimit);
    }
  }

  private gate(): void {
    if (this.isGated) return;
    this.isGated = true;
    const { adapter } = this;
    const head = this.responseHead();
    gateResponse(
      adapter.outgoing,
      (args) => head.note(args),
      async (isWhole) => {
        this.isCut = !isWhole;
        this.settle('answered');
        const mayGo = (await this.record.stored) ?? true;
        if (!mayGo) this.ask(undefined, () => adapter.endSession());
        return mayGo;
      },
    );
  }

  private marked(word: Word, mark: Mark | 'skip'): void {
    const { record } = this;
    const checked = mark === 'skip' ? mark : withKnownAction(mark, this.reader.auditor.problem);
    const isNew = word.mark === undefined;
    word.mark = checked;
    if (isNew) record.words.push(word);
    if (!this.isOver) this.expect();
    else if (checked !== 'skip') record.late(word, checked, isNew, this.reader, () => this.build('answered', [word]));
  }

  private isLoginRoute(): boolean {
    const { adapter, method, routes, reader } = this;
    const paths = pathsOf(adapter.target, routes);
    return reader.matcher.actionOf({ methods: [method, 'POST'], paths, carriesCredential: true, asksForToken: true }) !== undefined;
  }

  private settle(kind: 'answered' | 'aborted'): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.abortTimer);
    this.stopWaiting?.();
    if (this.routes.length === 0) this.lookForRoute();
    if (!this.isExpected && !this.hasEffect()) return;
    const isGone = kind === 'aborted' || this.abortTimer !== undefined;
    this.build(isGone ? 'aborted' : 'answered', this.record.words);
  }

  /** Some frameworks tell of a route at the end only. */
  private lookForRoute(): void {
    const { adapter } = this;
    const route = adapter.route && this.ask(undefined, () => adapter.route?.());
    if (!route) return;
    this.routes.push(route);
    this.isExpected ||= this.isLoginRoute();
  }

  /** Whether a request may be an attempt, or should have been, although nothing has told so: its session got an owner, or it brought a password. */
  private hasEffect(): boolean {
    const { adapter, reader, method } = this;
    return this.ask(false, () => {
      // Asking for the session also lets the adapter watch its store, so that the next request shows what its session was before.
      const after = reader.sessionSnapshot(adapter.session());
      if ((after?.owner !== undefined || after?.isIn) && this.isChanged(after)) return true;
      return !LOOKS.has(method) && readLoginForm(adapter.snapshot().body).hasPassword;
    });
  }

  private isChanged({ owner, id, isIn }: SessionSnapshot): boolean {
    // A request without any credential, whose response sets a cookie, had no session before. For middleware that responds without a route, nothing else
    // shows what the session was before.
    if (this.sessionBefore === 'unseen' && carriesNoCredential(this.adapter.incoming.headers)) {
      if (this.responseHead().header('set-cookie') !== undefined) this.sessionBefore = undefined;
    }
    const before = this.sessionBefore;
    return before !== 'unseen' && (before?.owner !== owner || before?.id !== id || before?.isIn !== isIn);
  }

  /** The state of the request. The body is the one that the application parsed, or the one that arrived if it parsed none. */
  private snapshot(): RequestSnapshot {
    const look = this.adapter.snapshot();
    return isMissing(look.body) ? { ...look, body: this.received?.() ?? look.body } : look;
  }

  private responseHead(): ResponseHead {
    return (this.head ??= new ResponseHead(this.adapter.outgoing));
  }

  private build(kind: 'answered' | 'aborted', words: readonly Word[]): void {
    const { adapter, reader } = this;
    this.lookForAddress();
    const look = this.ask(NOTHING_SEEN, () => this.snapshot());
    const form = this.ask(readLoginForm(undefined), () => readLoginForm(look.body));
    const head = this.responseHead();
    const exchange: ObservedExchange = {
      startedAt: this.startedAt,
      duration: performance.now() - this.startedTick,
      ending: head.ending(kind, adapter.outgoing.writableEnded),
      path: pathOf(adapter.target),
      methods: [this.method, look.method],
      routes: this.routes,
      isMounted: this.isMounted,
      look,
      form,
      verdicts: this.verdicts,
      session: {
        before: this.sessionBefore,
        after: this.ask(undefined, () => reader.sessionSnapshot(look.session)),
        isSaved: this.isSaved,
      },
      userBefore: this.userBefore,
      address: this.address,
      body: this.isCut || (kind === 'aborted' && !adapter.outgoing.writableEnded) ? this.body && 'unfinished' : this.body?.(),
      head,
    };
    const attempts = buildAttempts(
      adapter,
      exchange,
      words.map(({ mark }) => mark!),
      reader,
    );
    if (attempts !== undefined) this.record.keep(attempts, words, reader);
  }
}

/** Body parsers before 2.0 give an empty object to requests that they do not parse. */
function isMissing(body: unknown): boolean {
  return body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);
}
