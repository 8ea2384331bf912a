import { readFileSync } from 'node:fs';

const packages = ['bzip2', 'zstd'];

it.each(['heap.ts', 'wasm.ts'])('%s is the same file in both packages that have it', (name) => {
  const files = packages.map((one) => readFileSync(new URL(`../../compression-${one}/src/${name}`, import.meta.url)));
  expect(new Set(files.map(String)).size).toBe(1);
});
