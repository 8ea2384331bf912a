/** `amqp://` at the start of a URL; the first group is the scheme. */
export const schemePrefix: RegExp = /^([a-z][a-z\d+.-]*):\/\//i;

/** A host or address without anything but perhaps a port, as Kombu allows in place of a URL. */
export const bareHost: RegExp = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;

/** The scheme of a URL in lower case; `amqp` for a host without one, as in Kombu. */
export function schemeOf(url: string): string {
  return schemePrefix.exec(url)?.[1]?.toLowerCase() ?? 'amqp';
}
