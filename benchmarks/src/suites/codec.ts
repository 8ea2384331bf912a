import { large, small } from '../bodies.ts';
import { kombuJson } from '../contenders/kombu-json.ts';
import { plainJson } from '../contenders/plain-json.ts';
import type { Suite } from '../suite.ts';

export const codec: Suite = {
  name: 'codec',
  about: 'the json serializer and plain JSON',
  *cases() {
    for (const body of [small, large]) {
      yield {
        title: `codec: writing, ${body.label}`,
        unit: 'bodies',
        contenders: [plainJson.writing(body), kombuJson.writing(body)],
      };
      yield {
        title: `codec: reading, ${body.label}`,
        unit: 'bodies',
        contenders: [plainJson.reading(body), kombuJson.reading(body)],
      };
    }
  },
};
