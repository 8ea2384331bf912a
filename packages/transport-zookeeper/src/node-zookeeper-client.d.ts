/** It ships no types: `client.ts` has what is used of it. */
declare module 'node-zookeeper-client';
