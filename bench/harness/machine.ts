/**
 * What this machine is and what it limits: read from the system, never assumed.
 *
 * @module
 */

/** The facts that every figure depends on. */
export interface Machine {
  readonly coresCount: number;
  /** The soft limit of open files of one process; `Infinity` where the system says so. */
  readonly openFilesCount: number;
  readonly denoVersion: string;
  readonly v8Version: string;
  readonly system: string;
}

/**
 * Reads the facts.
 *
 * @returns The facts.
 */
export function readMachine(): Machine {
  return {
    coresCount: navigator.hardwareConcurrency,
    openFilesCount: openFilesLimit(Deno.readTextFileSync("/proc/self/limits")),
    denoVersion: Deno.version.deno,
    v8Version: Deno.version.v8,
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
  };
}

/**
 * Reads a field of `/proc/self/status` that is given in kB.
 *
 * @param field Its name, such as `VmRSS`.
 * @returns Its value in bytes.
 * @throws {Error} When the system has no such field.
 */
export function statusBytes(field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(Deno.readTextFileSync("/proc/self/status"));
  if (match === null) throw new Error(`/proc/self/status has no field ${field}`);
  return Number(match[1]) * 1024;
}

function openFilesLimit(limits: string): number {
  const match = /^Max open files\s+(\S+)/m.exec(limits);
  if (match === null) throw new Error("/proc/self/limits does not name the limit of open files");
  return match[1] === "unlimited" ? Infinity : Number(match[1]);
}
