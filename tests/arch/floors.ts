/**
 * Checks that imports go down the floors of `rooms.ts`, that nothing inside `src/` imports a face, and that no files
 * import each other in a circle.
 *
 * @module
 */
import { type Reference, referencesOf } from "./imports.ts";
import type { Module } from "./project.ts";
import {
  COMPUTED_IMPORTS,
  DRIVER_PACKAGES,
  FACE,
  PURE_PACKAGES,
  roomOf,
  ROOMS,
  touchesOutside,
  WORKERS,
} from "./rooms.ts";

/**
 * Checks every reference of the shipped modules against the table.
 *
 * @param modules All modules of the project; those outside `src/`, `workers/` and `mod.ts` may import what they like.
 * @returns One sentence for each fault.
 */
export function checkFloors(modules: readonly Module[]): string[] {
  const paths = new Set(modules.map((module) => module.path));
  const faults: string[] = [];
  for (const module of modules) {
    if (!isShipped(module.path)) continue;
    const room = roomOf(module.path);
    if (room === undefined) {
      faults.push(`${module.path}: lies in no room of tests/arch/rooms.ts`);
      continue;
    }
    for (const reference of referencesOf(module)) {
      if (reference.kind === "computed" && COMPUTED_IMPORTS.has(module.path)) continue;
      const fault = faultOf(room, reference, paths);
      if (fault !== undefined) faults.push(`${module.path}:${reference.line}: ${fault}`);
    }
  }
  return faults;
}

/**
 * Looks for files that import each other in a circle, imports of types included.
 *
 * @param modules The modules to look at together.
 * @returns One sentence for each circle; it says when the circle is one of types only.
 */
export function checkCycles(modules: readonly Module[]): string[] {
  const all = new Map<string, string[]>();
  const loaded = new Map<string, string[]>();
  for (const module of modules) {
    const references = referencesOf(module).filter((one) => one.kind !== "url" && one.target !== undefined);
    all.set(module.path, references.map((one) => one.target!));
    loaded.set(module.path, references.filter((one) => one.kind !== "type").map((one) => one.target!));
  }
  const faults: string[] = [];
  const reported = new Set<string>();
  for (const path of all.keys()) {
    if (reported.has(path)) continue;
    const circle = shortestCircle(loaded, path) ?? shortestCircle(all, path);
    if (circle === undefined) continue;
    for (const member of circle) reported.add(member);
    const kind = shortestCircle(loaded, path) === undefined ? "type-only import cycle" : "import cycle";
    faults.push(`${kind}: ${circle.join(" -> ")}`);
  }
  return faults;
}

function isShipped(path: string): boolean {
  return path === FACE || path.startsWith("src/") || path.startsWith(`${WORKERS}/`);
}

function faultOf(room: string, reference: Reference, paths: ReadonlySet<string>): string | undefined {
  const { kind, specifier, target } = reference;
  if (kind === "computed") return "imports what only shows at run time";
  if (target === undefined) return packageFault(room, specifier);
  const targetRoom = roomOf(target);
  if (kind === "url") {
    if (!paths.has(target)) return `refers to ${target}, which does not exist`;
    if (targetRoom === WORKERS) return touchesOutside(room) ? undefined : `${room}/ may not start a worker script`;
  }
  if (targetRoom === undefined || targetRoom === WORKERS) return `imports ${target}, which lies in no room`;
  if (room !== FACE && isModFile(target)) return `imports the face ${target}; import the file that has the name`;
  const rules = ROOMS.get(room)!;
  const targetFloor = ROOMS.get(targetRoom)!.floor;
  if (room === targetRoom || rules.rooms.includes(targetRoom) || rules.floors.includes(targetFloor)) return undefined;
  return `${room} (floor ${rules.floor}) may not import ${targetRoom} (floor ${targetFloor}): ${specifier}`;
}

function packageFault(room: string, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) {
    return touchesOutside(room) ? undefined : `${room} may not import ${specifier}: only drivers and runtimes may`;
  }
  const driver = DRIVER_PACKAGES.get(specifier);
  if (driver !== undefined) return driver === room ? undefined : `${room} may not import ${specifier}: ${driver} does`;
  const isListed = PURE_PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  return isListed ? undefined : `imports ${specifier}, which is not in PURE_PACKAGES of tests/arch/rooms.ts`;
}

function isModFile(path: string): boolean {
  return /(^|[/_])mod\.ts$/.test(path);
}

/** Breadth first from one file back to itself. */
function shortestCircle(edges: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const next of edges.get(path) ?? []) {
      if (next === start) return trace(cameFrom, start, path);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, path);
      queue.push(next);
    }
  }
  return undefined;
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string, last: string): string[] {
  const path = [start];
  for (let at = last; at !== start; at = cameFrom.get(at)!) path.unshift(at);
  return [start, ...path];
}
