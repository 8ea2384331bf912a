/**
 * Loaded before each program of the documentation: the schemes of this project's transports all lead to the in-memory
 * transport, so that programs run as they are printed. What a program registers for other schemes is left alone.
 */
import type { Transport } from '@kombu/core';
import { transports } from '@kombu/core';
import { parseUrl } from '@kombu/core/spi';

const memory = await transports.resolve('memory');

/** Credentials and options mean something to the broker that a program names, and nothing to memory. */
const standIn: Transport = {
  name: memory.name,
  schemes: transports.schemes().filter((scheme) => !memory.schemes.includes(scheme)),
  capabilities: memory.capabilities,
  // A URL within a URL is read by its own transport only.
  parseUrl: (url) => (/@https?:\/\//.test(url) ? {} : parseUrl(url)),
  connect: (target, context) =>
    memory.connect({ ...target, userid: undefined, password: undefined, query: {}, options: {} }, context),
  classify: (error) => memory.classify(error),
};

const original = { get: transports.get.bind(transports), resolve: transports.resolve.bind(transports) };
const isOurs = (scheme: string): boolean => standIn.schemes.includes(scheme);
transports.get = (scheme) => (isOurs(scheme) ? standIn : original.get(scheme));
transports.resolve = (scheme) => (isOurs(scheme) ? Promise.resolve(standIn) : original.resolve(scheme));
