/**
 * The face of the keys of a mesh.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { BusMeshFabric } from "../runtime/bus_mesh_fabric.ts";
import { meshKeyBytes } from "../runtime/bus_options.ts";

/**
 * Changes the key of a mesh without a restart: every node accepts the new key, then every node uses it, then every node
 * removes the old one. Links that are open stay.
 *
 * @example
 * ```ts ignore
 * bus.keys.accept(newKey); // everywhere, then
 * bus.keys.use(newKey); // everywhere, then
 * bus.keys.remove(oldKey);
 * ```
 */
export class MeshKeys {
  readonly #mesh: BusMeshFabric | undefined;

  /**
   * Applications find it at `bus.keys`.
   *
   * @param mesh The mesh, where there is one.
   */
  constructor(mesh: BusMeshFabric | undefined) {
    this.#mesh = mesh;
  }

  /**
   * Accepts a further key.
   *
   * @param key As the option `key` of a bus.
   * @throws {MisuseError} When the bus has no mesh with a key.
   * @throws {ResourceError} When there are 4 already.
   * @throws {RangeError} When it is too short.
   */
  accept(key: string | Uint8Array): void {
    this.#checked().acceptKey(meshKeyBytes(key));
  }

  /**
   * Uses an accepted key from now on; the one before is accepted for `keyOverlapMs` of membership, and for links until
   * it is removed.
   *
   * @param key The key.
   * @throws {MisuseError} When the bus has no mesh with a key, or does not accept this one.
   */
  use(key: string | Uint8Array): void {
    this.#checked().useKey(meshKeyBytes(key));
  }

  /**
   * Does not accept a key any more.
   *
   * @param key The key.
   * @throws {MisuseError} When the bus has no mesh with a key, or uses this one.
   */
  remove(key: string | Uint8Array): void {
    this.#checked().removeKey(meshKeyBytes(key));
  }

  #checked(): BusMeshFabric {
    if (this.#mesh === undefined) throw new MisuseError("Cannot change keys: this bus has no mesh");
    return this.#mesh;
  }
}
