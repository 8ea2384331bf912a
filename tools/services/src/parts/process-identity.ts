import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same number by the time when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The identity of the live process with this number; undefined when there is none. A zombie is not alive. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Is exactly this process still alive? */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** Fields 3 and 22 of proc_pid_stat(5). The second, the name, may hold spaces and brackets itself. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [stat = '', ...started] = line.split(/\s+/);
    return stat === '' || stat.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
