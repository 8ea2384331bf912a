import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Transport } from '@kombu/core';
import { knownSchemes } from '../../../packages/core/src/registry/known-schemes.ts';
import { capabilityRows } from '../src/capabilities.ts';
import { headings, localLinks, namedScripts, tableRows } from '../src/markdown.ts';
import { documents, packageFolders, root } from '../src/repository.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifestOf = (folder: string): { name: string; scripts?: object } =>
  JSON.parse(read(join(folder, 'package.json'))) as { name: string; scripts?: object };
const packages = packageFolders().map((name) => manifestOf(`packages/${name}`).name);
const transportFolders = packageFolders().filter((name) => name === 'testing' || name.startsWith('transport-'));

describe('the README', () => {
  it('lists every scheme with its package, and says whether that exists', () => {
    const rows = tableRows(read('README.md')).filter((row) => row.includes('`@kombu/'));
    const listed = rows.flatMap((row) => {
      const [, schemes = '', packageCell = '', status = ''] = row.split('|').map((cell) => cell.trim());
      const name = /`(@kombu\/[^`]+)`/.exec(packageCell)?.[1];
      return [...schemes.matchAll(/`([^`]+)`/g)].map(([, scheme]) => `${scheme}: ${name}, ${status}`);
    });
    const known = Object.entries(knownSchemes).map(
      ([scheme, name]) => `${scheme}: ${name}, ${packages.includes(name) ? 'available' : 'planned'}`,
    );
    expect(listed.toSorted()).toEqual(known.toSorted());
  });
});

describe.each(documents())('%s', (document) => {
  it('links to files that exist', () => {
    const missing = localLinks(read(document)).filter((link) => !existsSync(join(root, dirname(document), link)));
    expect(missing).toEqual([]);
  });

  it('names scripts that exist', () => {
    const scripts = Object.keys(manifestOf('.').scripts ?? {});
    expect(namedScripts(read(document)).filter((name) => !scripts.includes(name))).toEqual([]);
  });
});

describe.each(packageFolders())('packages/%s', (name) => {
  it('has a README', () => {
    expect(existsSync(join(root, 'packages', name, 'README.md'))).toBe(true);
  });
});

describe.each(transportFolders)('the README of packages/%s', (name) => {
  const text = read(`packages/${name}/README.md`);

  it('has the headings that all transports have, in their order', () => {
    const wanted = ['Install', 'URL', 'Options', 'Delivery semantics', 'Capabilities', 'Limits', 'Interop with Python'];
    expect(headings(text).filter((heading) => wanted.includes(heading))).toEqual(wanted);
  });

  it('shows the capabilities of the transport', async () => {
    const module = (await import(join(root, 'packages', name, 'src/index.ts'))) as { transport?: Transport };
    if (!module.transport) throw new Error(`${name} exports no transport`);
    expect(tableRows(text)).toEqual(expect.arrayContaining([...capabilityRows(module.transport.capabilities)]));
  });
});
