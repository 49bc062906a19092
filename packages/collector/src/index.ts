export { type Collector, type CollectorOptions, startCollector } from './server.js';
