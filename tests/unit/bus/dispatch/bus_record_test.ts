import { assertEquals } from "@std/assert";
import {
  BusRecord,
  encodeAnswerHead,
  encodeCommandHead,
  encodeEventHead,
  FailureCode,
  MAX_HEAD_BYTES,
  RecordKind,
} from "../../../../src/bus/dispatch/bus_record.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

const bytes = new Uint8Array(MAX_HEAD_BYTES + 10);

function fields(record: BusRecord): unknown[] {
  const { kind, encoding, code, name, request, timeoutMs, start } = record;
  return [kind, encoding, code, name, request, timeoutMs, start];
}

Deno.test("BusRecord reads an event", () => {
  const at = encodeEventHead(bytes, 1, 3, "user.created");
  const record = new BusRecord();
  assertEquals(record.read(bytes, 0, at + 5), RecordKind.Event);
  assertEquals(fields(record), [RecordKind.Event, 1, 3, "user.created", 0, Infinity, at]);
});

Deno.test("BusRecord reads a command with what is left of its time, rounded up", () => {
  const record = new BusRecord();
  const at = encodeCommandHead(bytes, 2, 1, "ping", 0xfedcba98, 249.1);
  assertEquals(record.read(bytes, 0, at), RecordKind.Command);
  assertEquals(fields(record), [RecordKind.Command, 2, 1, "ping", 0xfedcba98, 250, at]);
  record.read(bytes, 0, encodeCommandHead(bytes, 0, 1, "ping", 1, Infinity));
  assertEquals(record.timeoutMs, Infinity);
});

Deno.test("BusRecord reads results, failures and cancels", () => {
  const record = new BusRecord();
  for (const kind of [RecordKind.Result, RecordKind.Failure, RecordKind.Cancel]) {
    const at = encodeAnswerHead(bytes, kind, 1, FailureCode.Busy, 77);
    assertEquals(record.read(bytes, 0, at), kind);
    assertEquals([record.request, record.code, record.start], [77, FailureCode.Busy, at]);
  }
});

Deno.test("BusRecord takes no record that is cut off, and none of another kind", () => {
  const record = new BusRecord();
  const at = encodeCommandHead(bytes, 2, 1, "ping", 1, 1);
  for (let end = 0; end < at; end++) assertEquals(record.read(bytes, 0, end), RecordKind.None, `${end} bytes`);
  for (const kind of [0, 6, 16, 255]) {
    bytes[0] = kind;
    assertEquals(record.read(bytes, 0, at), RecordKind.None);
  }
});

Deno.test("BusRecord takes no name that is none, and no name where none belongs", () => {
  const record = new BusRecord();
  const at = encodeEventHead(bytes, 0, 1, "user");
  bytes[5] = 0x20;
  assertEquals(record.read(bytes, 0, at), RecordKind.None);
  const end = encodeAnswerHead(bytes, RecordKind.Result, 0, 0, 1);
  bytes[3] = 1;
  assertEquals(record.read(bytes, 0, end + 1), RecordKind.None);
});

Deno.test("BusRecord never throws and never leaves its bounds, whatever the bytes are", () => {
  const seed = 11;
  const random = new SeededRandom(seed);
  const record = new BusRecord();
  for (let round = 0; round < 20_000; round++) {
    for (let i = 0; i < 24; i++) bytes[i] = random.visibleFraction() * 256;
    bytes[0] = random.visibleFraction() * 7;
    bytes[3] = random.visibleFraction() * 12;
    const end = 2 + Math.floor(random.visibleFraction() * 22);
    if (record.read(bytes, 0, end) === RecordKind.None) continue;
    assertEquals(record.start <= end, true, `seed ${seed}, round ${round}`);
  }
});
