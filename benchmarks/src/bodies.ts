/** A body and its name in the tables. */
export interface Body {
  readonly label: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A task as it may travel: 100 bytes of JSON. */
export const small: Body = {
  label: '100 B',
  value: { id: 1234567890, task: 'thumbnail', path: '/srv/media/2024/05/lolcat-01.avi', width: 640, ok: true },
};

/** A list of records: 10 kB of JSON. */
export const large: Body = {
  label: '10 kB',
  value: { id: 1234567890, records: Array.from({ length: 100 }, (_, index) => record(index)) },
};

function record(index: number): Readonly<Record<string, unknown>> {
  return {
    id: 1000 + index,
    name: `record ${1000 + index}`,
    size: 4096,
    ratio: 0.25,
    tags: ['a', 'b'],
    note: 'nothing to note',
  };
}

/** One text: 1 kB of JSON. */
export const kilobyte: Body = {
  label: '1 kB',
  value: { id: 1234567890, text: 'all work and no play makes jack a dull boy; '.repeat(22) },
};
