import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, ServiceUnavailableError } from './errors.ts';
import { servicesFolder } from './folder.ts';
import { withLock } from './lock.ts';
import { provide } from './provide.ts';
import { run } from './run.ts';

/** A library from Maven Central. */
export interface Artifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  /** The variable that would name a server instead. */
  readonly variable: string;
}

const pluginVersion = '3.8.1';
const deadline = 600_000;

/** The folder that holds the jar of an artifact and all that it needs; downloaded by Maven on first use. */
export async function provideJars(wanted: Artifact): Promise<string> {
  const folder = join(servicesFolder(), 'maven', `${wanted.artifact}-${wanted.version}`);
  const jars = join(folder, 'lib');
  if (existsSync(jars)) return jars;
  const { variable } = wanted;
  const maven = await provide({ program: 'mvn', debian: ['maven'], units: [], brew: 'maven', variable });
  return await withLock(`${folder}.lock`, async () => {
    // Another process may have been faster.
    if (!existsSync(jars)) await download(maven, wanted, folder, jars);
    return jars;
  });
}

/** Moved into place when it is whole. */
async function download(maven: string, wanted: Artifact, folder: string, jars: string): Promise<void> {
  process.stderr.write(`services: fetching ${wanted.artifact} ${wanted.version} with Maven\n`);
  const fetched = join(folder, 'new');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), project(wanted));
  const goal = `org.apache.maven.plugins:maven-dependency-plugin:${pluginVersion}:copy-dependencies`;
  const args = ['-q', '-B', '-f', join(folder, 'pom.xml'), goal, '-DincludeScope=runtime'];
  await run(maven, [...args, `-DoutputDirectory=${fetched}`], { deadline }).catch((error: unknown) => {
    throw new ServiceUnavailableError(
      `Maven could not fetch ${wanted.artifact}: ${errorMessage(error)}. Set ${wanted.variable} to the URL of a server that runs`,
      { cause: error },
    );
  });
  renameSync(fetched, jars);
}

function project({ group, artifact, version }: Artifact): string {
  const dependency = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kombu</groupId><artifactId>services</artifactId><version>1</version>
  <dependencies><dependency>${dependency}</dependency></dependencies>
</project>
`;
}
