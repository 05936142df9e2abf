import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import {
  MessageHeader,
  MessageHeaderFault,
  messageHeaderFault,
  messagePacketBytes,
} from "../../../src/wire/message_packet.ts";

Deno.test("MessageHeader.decode() reads what encode() wrote, at the edges of every field", () => {
  const edges = { id: [1, 0x1234_5678, 0xffff_ffff], payloadBytes: [0, 0xfedc_ba98], flags: [0, 0xc007, 0xffff] };
  for (const id of edges.id) {
    for (const payloadBytes of edges.payloadBytes) {
      for (const flags of edges.flags) {
        const fields = { compression: 2, type: 1, businessType: 255, id, extensionBytes: 0xabcd, payloadBytes, flags };
        const bytes = new Uint8Array(20).fill(0xee);
        Object.assign(new MessageHeader(), fields).encode(bytes, 2);
        const read = new MessageHeader();
        assertEquals(read.decode(bytes, 2), MessageHeaderFault.None);
        assertEquals({ ...read }, fields);
        assertEquals(messagePacketBytes(bytes, 2), 16 + 0xabcd + payloadBytes);
        assertEquals([bytes[0], bytes[1], bytes[18], bytes[19]], [0xee, 0xee, 0xee, 0xee]);
      }
    }
  }
});

Deno.test("messageHeaderFault() names the first thing that is wrong", () => {
  const faults = ([version, compression, type]: number[]): number =>
    messageHeaderFault(Uint8Array.of(version!, compression!, type!, ...new Uint8Array(13)), 0);
  assertEquals([[1, 0, 0], [1, 1, 1], [1, 2, 2]].map(faults), [0, 0, 0]);
  assertEquals([[0, 0, 0], [2, 9, 9], [255, 0, 0]].map(faults), [1, 1, 1]);
  assertEquals([[1, 3, 0], [1, 255, 9]].map(faults), [2, 2]);
  assertEquals([[1, 0, 3], [1, 2, 255]].map(faults), [3, 3]);
});

Deno.test("MessageHeader.decode() never throws, whatever the bytes", () => {
  const random = new SeededRandom(6);
  const bytes = new Uint8Array(16);
  const header = new MessageHeader();
  for (let i = 0; i < 2000; i++) {
    random.fillSecret(bytes);
    bytes[0] = i & 1;
    assertEquals(header.decode(bytes, 0), messageHeaderFault(bytes, 0));
  }
});
