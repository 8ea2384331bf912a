import { errorMessage } from './parts/errors.ts';
import { commands, usage } from './commands.ts';

const [command = '', ...names] = process.argv.slice(2);
try {
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (run === undefined) throw new RangeError(usage);
  await run(names);
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
