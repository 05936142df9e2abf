/**
 * The fields of a world as its owner sees them: one writer for each, found by name.
 *
 * @module
 */
import { BytesWriter, TextWriter } from "./blob_writer.ts";
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
import { AngleWriter, ChoiceWriter, FlagWriter, NumberWriter } from "./scalar_writer.ts";
import type { FieldSet } from "./schema.ts";
import { Vec2Writer, Vec3Writer } from "./vector_writer.ts";
import type { WorldCells } from "./world_cells.ts";

/** What writes a field. */
export type WriterOf<T extends Field> = T extends BoolField ? FlagWriter
  : T extends IntegerField | FloatField ? NumberWriter
  : T extends AngleField ? AngleWriter
  : T extends Vec2Field ? Vec2Writer
  : T extends Vec3Field ? Vec3Writer
  : T extends ChoiceField<infer Name> ? ChoiceWriter<Name>
  : T extends TextField ? TextWriter
  : T extends BytesField ? BytesWriter
  : never;

/** What writes the fields of a world, by name. */
export type WritersOf<F extends FieldSet> = { readonly [Name in keyof F]: WriterOf<F[Name]> };

/**
 * Makes the writers of a world.
 *
 * @param world The world.
 * @param fields The fields of its schema.
 * @returns The writers by name, frozen.
 */
export function writersOf<F extends FieldSet>(world: WorldCells, fields: F): WritersOf<F> {
  const entries = Object.entries(fields).map(([name, field]) => [name, writerOf(world, name, field)] as const);
  return Object.freeze(Object.fromEntries(entries)) as WritersOf<F>;
}

function writerOf(world: WorldCells, name: string, field: Field): WriterOf<Field> {
  const { places, blobs } = world.schema.layout;
  const place = places.get(name)!;
  switch (field.kind) {
    case "bool":
      return new FlagWriter(world, place);
    case "integer":
    case "float":
      return new NumberWriter(world, place);
    case "angle":
      return new AngleWriter(world, place);
    case "vec2":
      return new Vec2Writer(world, place);
    case "vec3":
      return new Vec3Writer(world, place);
    case "choice":
      return new ChoiceWriter(world, place, field.values);
    case "text":
      return new TextWriter(world, blobs[place]!);
    case "bytes":
      return new BytesWriter(world, blobs[place]!);
  }
}
