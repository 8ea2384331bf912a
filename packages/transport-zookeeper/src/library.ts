import untyped from 'node-zookeeper-client';
import type { ZooKeeperLibrary } from './client.ts';

/** node-zookeeper-client. */
export const library: ZooKeeperLibrary = untyped as ZooKeeperLibrary;
