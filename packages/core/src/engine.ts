// Entry point for engines, which store the spool in a shared database or stream.
import * as option from './config/option-types.js';

export { option };
export { nearest } from './nearest.js';
export { optionNames, parseOptions } from './config/parse-options.js';
export { serialise, type SerialisedEvent } from './event/serialise.js';
export { backoff } from './publish/retry.js';
export type { InDoubt } from './publish/publisher-options.js';
export type { Delivery, Search, ServerDelivery, Transport } from './publish/transport.js';
export { copySqlite, makeDurable, makePrivate, openSqlite, pragma, transaction } from './sqlite/database.js';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite/driver.js';
export { refusalOf, type SpoolBounds } from './spool/bounds.js';
export { createInFlight, type InFlight } from './spool/in-flight.js';
export type {
  CoalescedAttempts,
  CoalescedKind,
  CoalescingSpool,
  DeadLetter,
  Settled,
  SharedSpool,
  Spool,
  SpooledEvent,
  SpoolSize,
  UndeliverableEvent,
} from './spool/spool.js';
export { createSpoolCounter, type SpoolCounter } from './spool/spool-counter.js';
export { readStored, type StoredEvent, type UnreadableEvent } from './spool/stored-event.js';
