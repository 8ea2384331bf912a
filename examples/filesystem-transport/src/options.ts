import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, checkKeys, readBoolean, readInteger } from '@kombu/core/spi';

/** Options of the URL's query or of `transportOptions`; the folders are Kombu's. Relative paths start at the working directory. */
export interface FilesystemOptions {
  /** Where messages are read. Default `data_in`. */
  readonly dataFolderIn: string;
  /** Where messages are written; the `dataFolderIn` of the reader. Default `data_out`. */
  readonly dataFolderOut: string;
  /** Keeps acked messages instead of deleting them. Default false. */
  readonly storeProcessed: boolean;
  /** Where they are kept. Default `processed`. */
  readonly processedFolder: string;
  /** Where the bindings are, for all processes that share them. Default `control`. */
  readonly controlFolder: string;
  /** How long a message may stay with a process that no longer says it is at work, in milliseconds. Default 30 000. */
  readonly leaseMs: number;
  /** The longest sleep between two looks into a folder where nothing happens, in milliseconds. Default 1000. */
  readonly pollingInterval: number;
}

const names = [
  'dataFolderIn',
  'dataFolderOut',
  'storeProcessed',
  'processedFolder',
  'controlFolder',
  'leaseMs',
  'pollingInterval',
];

/** @throws InvalidArgumentError for an unknown option, a value of the wrong kind, or a URL with more than a scheme and a query. */
export function readOptions(target: Target): FilesystemOptions {
  const { hostname = 'localhost', port, userid, virtualHost = '/', options, query } = target;
  if (hostname !== 'localhost' || port !== undefined || userid !== undefined || virtualHost !== '/') {
    throw new InvalidArgumentError(
      'A filesystem:// URL names no host, user or path: set dataFolderIn, dataFolderOut and controlFolder instead',
    );
  }
  const given: Readonly<Record<string, unknown>> = { ...options, ...query };
  checkKeys(given, names, 'option of the filesystem transport');
  const folder = (name: string, usual: string): string => readFolder(given[name] ?? usual, name);
  return {
    dataFolderIn: folder('dataFolderIn', 'data_in'),
    dataFolderOut: folder('dataFolderOut', 'data_out'),
    storeProcessed: readBoolean(given['storeProcessed'] ?? false, 'storeProcessed'),
    processedFolder: folder('processedFolder', 'processed'),
    controlFolder: folder('controlFolder', 'control'),
    leaseMs: readInteger(given['leaseMs'] ?? 30_000, 'leaseMs', { min: 1 }),
    pollingInterval: readInteger(given['pollingInterval'] ?? 1000, 'pollingInterval', { min: 1 }),
  };
}

function readFolder(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidArgumentError(`${name} must be the path of a folder`);
}
