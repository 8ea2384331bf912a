import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, checkKeys, readInteger, readText } from '@kombu/core/spi';

const defaults = {
  /** Where messages are read. */
  dataFolderIn: 'data_in',
  /** Where messages are written: the `dataFolderIn` of the reader. */
  dataFolderOut: 'data_out',
  /** Where the bindings are, for all processes that share them. */
  controlFolder: 'control',
  /** After how many milliseconds a message leaves a process that no longer says it is at work. The same in all processes. */
  leaseMs: 30_000,
};

/** Options of the URL's query or of `transportOptions`; the folders and their defaults are Kombu's. */
export type FilesystemOptions = Readonly<typeof defaults>;

/** @throws InvalidArgumentError for an unknown option, a value of the wrong kind, or a URL that names a host or a path. */
export function readOptions({ hostname = 'localhost', virtualHost = '/', options, query }: Target): FilesystemOptions {
  if (hostname !== 'localhost' || virtualHost !== '/') {
    throw new InvalidArgumentError('filesystem:// takes no host and no path: set dataFolderIn and dataFolderOut');
  }
  const given = { ...defaults, ...options, ...query };
  checkKeys(given, Object.keys(defaults), 'option of the filesystem transport');
  return {
    dataFolderIn: readText(given.dataFolderIn, 'dataFolderIn'),
    dataFolderOut: readText(given.dataFolderOut, 'dataFolderOut'),
    controlFolder: readText(given.controlFolder, 'controlFolder'),
    leaseMs: readInteger(given.leaseMs, 'leaseMs', { min: 1 }),
  };
}
