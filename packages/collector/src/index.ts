export type { TokenInfo, Tokens } from './access/tokens.js';
export type { ExportLine } from './api/lines.js';
export { type CollectorOperator, operateCollector } from './operate.js';
export type { CollectorOptions } from './options.js';
export { type Collector, startCollector } from './server.js';
