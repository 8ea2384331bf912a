import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './parts/process-identity.ts';

/** Passed on to the workers of a test run, which use servers in the name of the run. */
const variable = 'KOMBU_SERVICES_USER';

/** Who uses servers: a process, or the person who typed `services up` and wants them kept. */
export type User = ProcessIdentity | 'person';

/** This process, or the test run that it belongs to. */
export function currentUser(): ProcessIdentity {
  const given = process.env[variable];
  if (given !== undefined && given !== '') return JSON.parse(given) as ProcessIdentity;
  const identity = identify(process.pid);
  if (identity === undefined) throw new Error('Cannot tell when this process started');
  return identity;
}

/** Everything that this process starts from now on uses servers in its name. */
export function becomeUser(): void {
  process.env[variable] = JSON.stringify(currentUser());
}

/** Notes that this user needs the instance in this folder. */
export function addUser(folder: string, user: User): void {
  mkdirSync(join(folder, 'users'), { recursive: true });
  writeFileSync(pathOf(folder, user), JSON.stringify(user));
}

export function removeUser(folder: string, user: User): void {
  rmSync(pathOf(folder, user), { force: true });
}

/** Does anybody need it still? Users that died do not. */
export function isUsed(folder: string): boolean {
  const users = join(folder, 'users');
  return existsSync(users) && readdirSync(users).some((name) => needs(join(users, name)));
}

function needs(file: string): boolean {
  try {
    const user = JSON.parse(readFileSync(file, 'utf8')) as User;
    return user === 'person' || isAlive(user);
  } catch {
    // Removed in this moment.
    return false;
  }
}

function pathOf(folder: string, user: User): string {
  return join(folder, 'users', user === 'person' ? user : String(user.pid));
}
