import { newPrefix } from './stores.ts';

/** Why cases with unusual names are quirks. */
export const names = 'as in Kombu, names that differ in punctuation only are one in SQS, and the second one is refused';

/** The shortest times that SQS knows. */
export const leaseMs = 1000;
export const transportOptions = { queueNamePrefix: newPrefix(), leaseMs, waitTimeSeconds: 1 };
export const times = { leaseMs, quietMs: 20 };
