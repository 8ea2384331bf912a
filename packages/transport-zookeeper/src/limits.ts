/** The largest request that a server takes unless its `jute.maxbuffer` says otherwise, in bytes. */
export const maxRequestBytes = 0xfffff;

/** The largest message, in bytes; the rest of a request is for paths. */
export const maxPayloadBytes = 1_000_000;

/** What a step of a transaction takes beside its path and its data, in bytes: lengths, flags and rights. */
export const stepBytes = 100;
