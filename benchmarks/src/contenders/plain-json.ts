import type { Body } from '../bodies.ts';
import type { Contender } from '../contender.ts';
import { loop } from '../contender.ts';

/** What any JSON codec has to do at least. */
export const plainJson = {
  writing: ({ value }: Body): Contender =>
    loop('plain JSON', (count) => {
      let bytes = 0;
      for (let index = 0; index < count; index += 1) bytes += Buffer.from(JSON.stringify(value), 'utf8').length;
      if (bytes === 0) throw new Error('nothing was written');
    }),
  reading({ value }: Body): Contender {
    const body = Buffer.from(JSON.stringify(value), 'utf8');
    return loop('plain JSON', (count) => {
      for (let index = 0; index < count; index += 1) {
        if (typeof JSON.parse(body.toString('utf8')) !== 'object') throw new Error('nothing was read');
      }
    });
  },
};
