import { assertEquals } from "@std/assert";
import {
  ControlField,
  ControlList,
  encodeBytesField,
  encodeErrorFields,
  encodeNumberField,
  fieldBytes,
  NUMBER_FIELD_BYTES,
} from "../../../src/message/control_list.ts";

function decoded(...bytes: number[]): ControlList | undefined {
  const list = new ControlList();
  const memory = Uint8Array.of(99, ...bytes, 99);
  return list.decode(memory, 1, 1 + bytes.length) ? list : undefined;
}

Deno.test("an empty list is a list", () => {
  const list = decoded()!;
  assertEquals([list.errorCode, list.deadlineMs, list.ping, list.isCancel, list.isSilent], [-1, -1, -1, false, false]);
});

Deno.test("numbers are read as they were written, to 2^32 - 1", () => {
  for (const value of [0, 1, 0x1234_5678, 0xffff_ffff]) {
    const memory = new Uint8Array(2 * NUMBER_FIELD_BYTES);
    const at = encodeNumberField(memory, 0, ControlField.Deadline, value);
    assertEquals(encodeNumberField(memory, at, ControlField.Ping, 7), memory.length);
    const list = decoded(...memory)!;
    assertEquals([list.deadlineMs, list.ping, list.isSilent], [value, 7, true]);
  }
});

Deno.test("what is beyond 32 bits is written as the largest number", () => {
  const memory = new Uint8Array(NUMBER_FIELD_BYTES);
  encodeNumberField(memory, 0, ControlField.GoingAway, 1e15);
  assertEquals(decoded(...memory)!.goingAwayMs, 0xffff_ffff);
});

Deno.test("an error has a code and perhaps a text", () => {
  const list = decoded(...encodeErrorFields(0xabcd, "why"))!;
  assertEquals([list.errorCode, list.errorText], [0xabcd, "why"]);
  assertEquals(encodeErrorFields(1, "").length, 5);
});

Deno.test("the application's own header is lent where it lies", () => {
  const memory = new Uint8Array(fieldBytes(3));
  encodeBytesField(memory, 0, ControlField.Extension, Uint8Array.of(7, 8, 9));
  const list = decoded(...memory)!;
  assertEquals([list.extensionOffset, list.extensionBytes], [4, 3]);
});

Deno.test("unknown types from 128 on are passed over, others refused", () => {
  assertEquals(decoded(128, 0, 2, 1, 1, ControlField.Cancel, 0, 0)?.isCancel, true);
  assertEquals(decoded(128, 0, 0, 128, 0, 0, 255, 0, 1, 0)?.isCancel, false);
  for (const type of [0, 9, 31, 32, 127]) assertEquals(decoded(type, 0, 4, 0, 0, 0, 1), undefined, `type ${type}`);
});

Deno.test("whatever is not exactly a list is refused", () => {
  const bad = [
    [1],
    [1, 0],
    [3, 0, 1],
    [3, 0, 1, 5],
    [1, 0, 1, 5],
    [1, 0, 3, 5, 5, 5],
    [4, 0, 3, 1, 1, 1],
    [7, 0, 5, 1, 1, 1, 1, 1],
    [3, 0, 0, 3, 0, 0],
    [2, 4, 1, ...new Uint8Array(1025)],
    [128, 0, 3, 1, 1],
  ];
  for (const bytes of bad) assertEquals(decoded(...bytes), undefined, bytes.slice(0, 8).join(" "));
});
