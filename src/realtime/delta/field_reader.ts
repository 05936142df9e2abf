/**
 * The fields of a frame as its viewer sees them: one reader for each, found by name.
 *
 * @module
 */
import type {
  AngleField,
  BoolField,
  BytesField,
  ChoiceField,
  Field,
  FloatField,
  IntegerField,
  TextField,
  Vec2Field,
  Vec3Field,
} from "./field.ts";
import type { FrameValues } from "./frame_values.ts";
import type { FieldSet } from "./schema.ts";

/** What reads a field. */
export type ReaderOf<T extends Field> = T extends BoolField ? FlagReader
  : T extends IntegerField | FloatField | AngleField ? NumberReader
  : T extends Vec2Field ? Vec2Reader
  : T extends Vec3Field ? Vec3Reader
  : T extends ChoiceField<infer Name> ? ChoiceReader<Name>
  : T extends TextField ? TextReader
  : T extends BytesField ? BytesReader
  : never;

/** What reads the fields of a frame, by name. */
export type ReadersOf<F extends FieldSet> = { readonly [Name in keyof F]: ReaderOf<F[Name]> };

/** Reads numbers and, from -π to below π, directions. */
export class NumberReader {
  readonly #frame: FrameValues;
  readonly #start: number;

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index Which column.
   */
  constructor(frame: FrameValues, index: number) {
    this.#frame = frame;
    this.#start = index * frame.stride;
  }

  /**
   * Reads the value.
   *
   * @param id The entity.
   * @returns The value.
   * @throws {RangeError} When the entity is not in the frame.
   */
  at(id: number): number {
    return this.#frame.numbers[this.#start + this.#frame.placeOf(id)]!;
  }
}

/** Reads flags. */
export class FlagReader {
  readonly #number: NumberReader;

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index Which column.
   */
  constructor(frame: FrameValues, index: number) {
    this.#number = new NumberReader(frame, index);
  }

  /**
   * Reads the flag.
   *
   * @param id The entity.
   * @returns The flag.
   * @throws {RangeError} When the entity is not in the frame.
   */
  at(id: number): boolean {
    return this.#number.at(id) === 1;
  }
}

/** Reads vectors of two components. */
export class Vec2Reader {
  readonly #x: NumberReader;
  readonly #y: NumberReader;

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index The column of the first component.
   */
  constructor(frame: FrameValues, index: number) {
    this.#x = new NumberReader(frame, index);
    this.#y = new NumberReader(frame, index + 1);
  }

  /**
   * Reads the first component.
   *
   * @param id The entity.
   * @returns The component.
   * @throws {RangeError} When the entity is not in the frame.
   */
  x(id: number): number {
    return this.#x.at(id);
  }

  /**
   * Reads the second component.
   *
   * @param id The entity.
   * @returns The component.
   * @throws {RangeError} When the entity is not in the frame.
   */
  y(id: number): number {
    return this.#y.at(id);
  }
}

/** Reads vectors of three components. */
export class Vec3Reader {
  readonly #x: NumberReader;
  readonly #y: NumberReader;
  readonly #z: NumberReader;

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index The column of the first component.
   */
  constructor(frame: FrameValues, index: number) {
    this.#x = new NumberReader(frame, index);
    this.#y = new NumberReader(frame, index + 1);
    this.#z = new NumberReader(frame, index + 2);
  }

  /**
   * Reads the first component.
   *
   * @param id The entity.
   * @returns The component.
   * @throws {RangeError} When the entity is not in the frame.
   */
  x(id: number): number {
    return this.#x.at(id);
  }

  /**
   * Reads the second component.
   *
   * @param id The entity.
   * @returns The component.
   * @throws {RangeError} When the entity is not in the frame.
   */
  y(id: number): number {
    return this.#y.at(id);
  }

  /**
   * Reads the third component.
   *
   * @param id The entity.
   * @returns The component.
   * @throws {RangeError} When the entity is not in the frame.
   */
  z(id: number): number {
    return this.#z.at(id);
  }
}

/** Reads one of a few names. */
export class ChoiceReader<T extends string = string> {
  readonly #number: NumberReader;
  readonly #values: readonly T[];

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index Which column.
   * @param values The names.
   */
  constructor(frame: FrameValues, index: number, values: readonly T[]) {
    this.#number = new NumberReader(frame, index);
    this.#values = values;
  }

  /**
   * Reads the name.
   *
   * @param id The entity.
   * @returns The name.
   * @throws {RangeError} When the entity is not in the frame.
   */
  at(id: number): T {
    return this.#values[this.#number.at(id)]!;
  }
}

/** Reads bytes. */
export class BytesReader {
  readonly #frame: FrameValues;
  readonly #index: number;

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index Which field with bytes.
   */
  constructor(frame: FrameValues, index: number) {
    this.#frame = frame;
    this.#index = index;
  }

  /**
   * Reads the bytes.
   *
   * @param id The entity.
   * @returns A new view into the frame's memory, valid until the next sample.
   * @throws {RangeError} When the entity is not in the frame.
   */
  at(id: number): Uint8Array {
    const { blobs, lengths, layout, stride } = this.#frame;
    const place = this.#frame.placeOf(id);
    const start = place * layout.blobBytes + layout.blobs[this.#index]!.offset;
    return blobs.subarray(start, start + lengths[this.#index * stride + place]!);
  }
}

/** Reads strings. */
export class TextReader {
  readonly #bytes: BytesReader;
  readonly #decoder = new TextDecoder();

  /**
   * Makes a reader; a frame makes its own.
   *
   * @param frame Where from.
   * @param index Which field with bytes.
   */
  constructor(frame: FrameValues, index: number) {
    this.#bytes = new BytesReader(frame, index);
  }

  /**
   * Reads the string.
   *
   * @param id The entity.
   * @returns A new string; what is no UTF-8 is U+FFFD.
   * @throws {RangeError} When the entity is not in the frame.
   */
  at(id: number): string {
    return this.#decoder.decode(this.#bytes.at(id));
  }
}

/**
 * Makes the readers of a frame.
 *
 * @param frame The frame.
 * @param fields The fields of its schema.
 * @returns The readers by name, frozen.
 */
export function readersOf<F extends FieldSet>(frame: FrameValues, fields: F): ReadersOf<F> {
  const entries = Object.entries(fields).map(([name, field]) => [name, readerOf(frame, name, field)] as const);
  return Object.freeze(Object.fromEntries(entries)) as ReadersOf<F>;
}

function readerOf(frame: FrameValues, name: string, field: Field): ReaderOf<Field> {
  const place = frame.layout.places.get(name)!;
  switch (field.kind) {
    case "bool":
      return new FlagReader(frame, place);
    case "integer":
    case "float":
    case "angle":
      return new NumberReader(frame, place);
    case "vec2":
      return new Vec2Reader(frame, place);
    case "vec3":
      return new Vec3Reader(frame, place);
    case "choice":
      return new ChoiceReader(frame, place, field.values);
    case "text":
      return new TextReader(frame, place);
    case "bytes":
      return new BytesReader(frame, place);
  }
}
