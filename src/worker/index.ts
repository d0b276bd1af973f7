/** Runs that are spread over machines: workers take them from a BullMQ queue, and go on with those that others have left. */
export {
  type ClientOptions,
  createClient,
  type FlowClient,
  type QueuedRun,
  type QueueRunOptions,
  type ScheduleOptions,
} from './client.js';
export type { QueueConnection } from './connection.js';
export type { JobOutcome, RunJobOptions, RunProgress } from './jobs.js';
export type { RunStatus } from './run-status.js';
export type { WorkerEvents } from './worker-events.js';
export { createWorker, type FlowWorker, type WorkerOptions } from './worker.js';
