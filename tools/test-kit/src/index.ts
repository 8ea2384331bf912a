export { faultScript } from './fault-script.ts';
export type { FaultScriptOptions } from './fault-script.ts';
export { startWorker } from './start-worker.ts';
export type { Manner, Worker, WorkerOptions } from './start-worker.ts';
export { never, until } from './wait.ts';
