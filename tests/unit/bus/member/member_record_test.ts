import { assert, assertEquals } from "@std/assert";
import {
  decodeRecord,
  encodeRecord,
  MAX_RECORD_BYTES,
  type RecordFields,
} from "../../../../src/bus/member/member_record.ts";
import { ByteReader } from "../../../../src/bytes/byte_reader.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

function address(hostname: string, port: number): DatagramAddress {
  const made = new DatagramAddress();
  made.parse(hostname, port);
  return made;
}

const FIELDS: RecordFields = {
  nodeId: new Uint8Array(16).fill(1),
  bootId: new Uint8Array(16).fill(2),
  incarnation: 7,
  interestVersion: 3,
  hostId: new Uint8Array(16).fill(4),
  gossipAddress: address("10.1.2.3", 7000),
  linkAddresses: [address("2001:db8::1", 9000), address("10.1.2.3", 9001)],
  name: "billing é",
  cluster: "eu",
  proof: new Uint8Array(16).fill(9),
  metadata: Uint8Array.of(1, 2, 3),
};

Deno.test("decodeRecord() reads what encodeRecord() wrote, and passes over what follows", () => {
  const bytes = encodeRecord(FIELDS);
  assertEquals(decodeRecord(new ByteReader(bytes)), FIELDS);
  assertEquals(decodeRecord(new ByteReader(Uint8Array.of(...bytes, 1, 2))), FIELDS);
  assertEquals(decodeRecord(new ByteReader(encodeRecord({ ...FIELDS, proof: new Uint8Array(0) })))?.proof.length, 0);
});

Deno.test("encodeRecord() never gives more than MAX_RECORD_BYTES", () => {
  const links = [1, 2, 3].map((port) => address("10.0.0.1", port));
  const [name, cluster, metadata] = ["n".repeat(64), "c".repeat(64), new Uint8Array(512)];
  const bytes = encodeRecord({ ...FIELDS, linkAddresses: links, name, cluster, metadata });
  assertEquals(bytes.length, MAX_RECORD_BYTES);
  assert(MAX_RECORD_BYTES < 900);
});

Deno.test("decodeRecord() refuses what is cut short, wherever", () => {
  const bytes = encodeRecord(FIELDS);
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(decodeRecord(new ByteReader(bytes.subarray(0, length))), undefined, `${length} bytes`);
  }
});

Deno.test("decodeRecord() refuses fields that are none", () => {
  const bad: Partial<RecordFields>[] = [
    { name: "" },
    { incarnation: 2 ** 31 },
    { gossipAddress: address("0.0.0.0", 7000) },
    { gossipAddress: address("::", 7000) },
    { gossipAddress: address("10.0.0.1", 0) },
  ];
  for (const fields of bad) {
    assertEquals(decodeRecord(new ByteReader(encodeRecord({ ...FIELDS, ...fields }))), undefined);
  }
  const bytes = encodeRecord(FIELDS);
  bytes[bytes.indexOf(0xc3)] = 0xff;
  assertEquals(decodeRecord(new ByteReader(bytes)), undefined);
});
