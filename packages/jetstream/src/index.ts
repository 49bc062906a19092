export { initJetStream, type JetStreamOptions } from './streams.js';
export { jetStreamSpool } from './jetstream-spool.js';
