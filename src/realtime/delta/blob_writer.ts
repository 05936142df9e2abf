/**
 * Writes the fields of a world that are bytes or strings.
 *
 * Invariant: an entity counts as changed only when its bytes changed.
 *
 * @module
 */
import type { BlobColumn } from "./schema.ts";
import type { WorldCells } from "./world_cells.ts";

/** Writes bytes. */
export class BytesWriter {
  readonly #world: WorldCells;
  readonly #blob: BlobColumn;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param blob Which bytes.
   */
  constructor(world: WorldCells, blob: BlobColumn) {
    this.#world = world;
    this.#blob = blob;
  }

  /**
   * Writes bytes.
   *
   * @param id The entity.
   * @param value At most as many as the field takes; copied.
   * @throws {RangeError} When there is no such entity or there are too many bytes.
   */
  set(id: number, value: Uint8Array): void {
    const world = this.#world;
    const { maxBytes, lengthColumn } = this.#blob;
    if (value.length > maxBytes) throw new RangeError(`The field takes ${maxBytes} bytes: got ${value.length}`);
    const index = world.indexOf(id, lengthColumn);
    const start = this.#startOf(id);
    let isSame = world.cells[index] === value.length;
    for (let i = 0; isSame && i < value.length; i++) isSame = world.blobs[start + i] === value[i];
    if (isSame) return;
    world.cells[index] = value.length;
    world.blobs.set(value, start);
    world.changedAt[id] = world.tick;
  }

  /**
   * Reads the bytes.
   *
   * @param id The entity.
   * @returns A copy.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): Uint8Array {
    const length = this.#world.cells[this.#world.indexOf(id, this.#blob.lengthColumn)]!;
    return this.#world.blobs.slice(this.#startOf(id), this.#startOf(id) + length);
  }

  #startOf(id: number): number {
    return this.#world.blobRowStart + id * this.#world.schema.layout.blobBytes + this.#blob.offset;
  }
}

/** Writes strings. */
export class TextWriter {
  readonly #bytes: BytesWriter;

  /**
   * Makes a writer; a world makes its own.
   *
   * @param world Where to.
   * @param blob Which bytes.
   */
  constructor(world: WorldCells, blob: BlobColumn) {
    this.#bytes = new BytesWriter(world, blob);
  }

  /**
   * Writes a string.
   *
   * @param id The entity.
   * @param value The string; a surrogate without its other half becomes U+FFFD.
   * @throws {RangeError} When there is no such entity or the string is too long in UTF-8.
   */
  set(id: number, value: string): void {
    this.#bytes.set(id, new TextEncoder().encode(value));
  }

  /**
   * Reads the string.
   *
   * @param id The entity.
   * @returns The string.
   * @throws {RangeError} When there is no such entity.
   */
  at(id: number): string {
    return new TextDecoder().decode(this.#bytes.at(id));
  }
}
