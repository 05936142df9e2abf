/**
 * Which fabric serves which scope, and what to say where none does.
 *
 * @module
 */
import type { BusScope, RemoteScope } from "../bus/dispatch/bus_scope.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { BusFabric, FabricScope } from "../transport/bus_fabric.ts";

/** The fabrics of one bus. */
export class BusFabrics {
  /** All of them. */
  readonly all: readonly BusFabric[];
  /** The widest scope that there is. */
  readonly widest: BusScope;
  readonly #byScope = new Map<FabricScope, BusFabric>();

  /** @param all The fabrics; no two of them serve the same scope. */
  constructor(all: readonly BusFabric[]) {
    this.all = all;
    for (const fabric of all) for (const scope of fabric.scopes) this.#byScope.set(scope, fabric);
    const order: readonly FabricScope[] = ["network", "cluster", "machine"];
    this.widest = order.find((scope) => this.#byScope.has(scope)) ?? "local";
  }

  /**
   * The fabric of a scope.
   *
   * @param scope The scope.
   * @returns The fabric.
   * @throws {MisuseError} When none serves it.
   */
  of(scope: RemoteScope): BusFabric {
    const fabric = this.#byScope.get(scope);
    if (fabric === undefined) throw new MisuseError(`Cannot use the scope ${scope}: ${reasonFor(scope)}`);
    return fabric;
  }
}

function reasonFor(scope: RemoteScope): string {
  switch (scope) {
    case "machine":
      return "this bus was started with machine: false, or may not use its directory of sockets";
    case "cluster":
      return "this bus has no cluster; it takes the option cluster, and a key or an engine";
    default:
      return "this bus has no key and no engine, and dangerouslyOpenMesh is not set";
  }
}
