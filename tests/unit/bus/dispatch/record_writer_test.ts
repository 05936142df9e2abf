import { assertEquals, assertThrows } from "@std/assert";
import { BusRecord, FailureCode, RecordKind } from "../../../../src/bus/dispatch/bus_record.ts";
import { RecordWriter } from "../../../../src/bus/dispatch/record_writer.ts";
import { ValueCodec } from "../../../../src/bus/dispatch/value_codec.ts";

function setUp(maxBytes = 1 << 20): { writer: RecordWriter; read: (length: number) => unknown[] } {
  const codec = new ValueCodec(1 << 20, Infinity);
  const writer = new RecordWriter(codec, maxBytes);
  const record = new BusRecord();
  const read = (length: number): unknown[] => {
    record.read(writer.buffer, 0, length);
    const isValue = codec.decode(record.encoding, writer.buffer, record.start, length);
    return [record.kind, record.code, record.name, record.request, isValue && codec.value];
  };
  return { writer, read };
}

Deno.test("RecordWriter makes records that BusRecord reads", () => {
  const { writer, read } = setUp();
  assertEquals(read(writer.event(3, "a.b", { n: 1 })), [RecordKind.Event, 3, "a.b", 0, { n: 1 }]);
  assertEquals(read(writer.command(1, "c", [2], 9, 100)), [RecordKind.Command, 1, "c", 9, [2]]);
  assertEquals(read(writer.result(9, "yes")).slice(3), [9, "yes"]);
  assertEquals(read(writer.cancel(9))[0], RecordKind.Cancel);
});

Deno.test("RecordWriter leaves out data of a failure that cannot travel", () => {
  const { writer, read } = setUp();
  const failure = { name: "Bad", message: "no", data: { left: 1 } };
  assertEquals(read(writer.failure(4, FailureCode.HandlerFailed, failure))[4], failure);
  assertEquals(read(writer.failure(4, FailureCode.HandlerFailed, { ...failure, data: () => 1 }))[4], {
    name: "Bad",
    message: "no",
  });
  assertEquals(read(writer.failure(4, FailureCode.NoHandler))[4], undefined);
});

Deno.test("RecordWriter refuses what is too long, and gives large memory back", () => {
  const { writer } = setUp();
  assertThrows(() => writer.event(1, "a", new Uint8Array(1 << 20)), RangeError, "a record has at most");
  writer.event(1, "a", new Uint8Array(500_000));
  writer.event(1, "a", 1);
  assertEquals(writer.buffer.length, 4096);
});
