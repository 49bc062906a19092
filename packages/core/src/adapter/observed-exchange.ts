import type { Ending, LibraryVerdict, SessionChange } from '../attempt/attempt.js';
import type { LoginForm } from './login-form.js';
import type { RequestSnapshot, RouteSnapshot } from './request-adapter.js';
import type { BodyBytes } from './response-body.js';
import type { ResponseHead } from './response-head.js';

/** The observations of an exchange that is over. */
export interface ObservedExchange {
  startedAt: number;
  duration: number;
  ending: Ending;
  path: string;
  methods: readonly string[];
  routes: readonly RouteSnapshot[];
  /** Whether the adapter is mounted on this route. */
  isMounted: boolean;
  look: RequestSnapshot;
  form: LoginForm;
  /** The verdicts of libraries, in order. */
  verdicts: readonly LibraryVerdict[];
  session: SessionChange;
  userBefore: unknown;
  address: string | undefined;
  body: BodyBytes;
  head: ResponseHead;
}
