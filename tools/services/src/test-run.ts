import { givenServer } from './given.ts';
import { serviceNamed, serviceNames } from './registry.ts';
import { releaseServices } from './up.ts';
import { becomeUser } from './users.ts';

/** Before the tests: what their processes start is used in the name of this one. Starts nothing itself. */
export function beginTestRun(): void {
  becomeUser();
  for (const name of serviceNames) {
    const given = givenServer(serviceNamed(name));
    if (given !== undefined) process.stderr.write(`services: ${name}: ${given.description}\n`);
  }
}

/** After the tests: stops the servers that they started, unless a person or another run needs them. */
export async function endTestRun(): Promise<void> {
  const stopped = await releaseServices();
  if (stopped.length > 0) process.stderr.write(`services: stopped ${stopped.join(', ')}\n`);
}
