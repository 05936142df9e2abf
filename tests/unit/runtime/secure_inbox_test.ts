import { assertEquals } from "@std/assert";
import { SecureInbox } from "../../../src/runtime/secure_inbox.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

function addressOf(port: number): DatagramAddress {
  const address = new DatagramAddress();
  address.parse("192.0.2.1", port);
  return address;
}

Deno.test("take() gives datagrams in order, as copies, with path and source", () => {
  const inbox = new SecureInbox();
  const buffer = Uint8Array.of(9, 1, 2, 3, 9);
  const source = addressOf(1);
  inbox.add(7, source, buffer, 1, 4);
  source.words[4] = 2;
  buffer[1] = 8;
  inbox.add(0, source, buffer, 1, 1);
  assertEquals(inbox.isEmpty, false);
  const first = inbox.take()!;
  assertEquals([first.pathId, first.source.port, first.bytes], [7, 1, Uint8Array.of(1, 2, 3)]);
  const second = inbox.take()!;
  assertEquals([second.pathId, second.source.port, second.bytes.length], [0, 2, 0]);
  assertEquals([inbox.take(), inbox.isEmpty, inbox.droppedCount], [undefined, true, 0]);
});

Deno.test("add() drops and counts beyond 256 datagrams, and takes more when some were taken", () => {
  const inbox = new SecureInbox();
  const source = addressOf(1);
  for (let n = 0; n < 300; n++) inbox.add(0, source, Uint8Array.of(n), 0, 1);
  assertEquals(inbox.droppedCount, 44);
  for (let n = 0; n < 10; n++) assertEquals(inbox.take()!.bytes[0], n);
  for (let n = 0; n < 11; n++) inbox.add(0, source, Uint8Array.of(n), 0, 1);
  assertEquals(inbox.droppedCount, 45);
});

Deno.test("add() drops and counts beyond a mebibyte, and clear() counts what it drops", () => {
  const inbox = new SecureInbox();
  const source = addressOf(1);
  const large = new Uint8Array(60_000);
  for (let n = 0; n < 20; n++) inbox.add(0, source, large, 0, large.length);
  assertEquals(inbox.droppedCount, 3);
  inbox.take();
  inbox.add(0, source, large, 0, large.length);
  assertEquals(inbox.droppedCount, 3);
  inbox.clear();
  assertEquals([inbox.isEmpty, inbox.droppedCount, inbox.take()], [true, 20, undefined]);
  for (let n = 0; n < 17; n++) inbox.add(0, source, large, 0, large.length);
  assertEquals(inbox.droppedCount, 20);
});
