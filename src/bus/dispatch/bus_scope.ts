/**
 * How far an event or a command goes.
 *
 * @module
 */

/** The scopes: this process; this host; the nodes of one cluster; every node of the mesh. */
export type BusScope = "local" | "machine" | "cluster" | "network";

/** The scopes that leave the process. */
export type RemoteScope = Exclude<BusScope, "local">;

/** The number of a scope in a record. */
export const SCOPE_CODES: Readonly<Record<RemoteScope, number>> = { machine: 1, cluster: 2, network: 3 };

const SCOPES: readonly (RemoteScope | undefined)[] = [undefined, "machine", "cluster", "network"];

/**
 * The scope of a record.
 *
 * @param code Its number.
 * @returns The scope; `undefined` for a number that stands for none.
 */
export function scopeOf(code: number): RemoteScope | undefined {
  return SCOPES[code];
}
