import { assertEquals, assertThrows } from "@std/assert";
import {
  type ClientHello,
  decodeClientHello,
  decodeHelloRefusal,
  decodeServerHello,
  encodeClientHello,
  encodeHelloRefusal,
  encodeServerHello,
  type ServerHello,
} from "../../../src/wire/hello_record.ts";
import { hex, readHello } from "./standard_reader.ts";

function ramp(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

const limits = { maxDatagramBytes: 1300, maxAckDelayMs: 25, idleTimeoutMs: 30_000, features: 0x80000000 };
const limitFields = { maxDatagram: 1300, maxAckDelay: 25, idleTimeout: 30_000, features: 0x80000000 };

const client: ClientHello = {
  lowestVersion: 1,
  highestVersion: 3,
  connectionId: ramp(8, 1),
  limits,
  early: { random: ramp(32, 0x20), proof: ramp(32, 0x70), ticket: ramp(100, 0x40) },
  token: ramp(20, 0x60),
};

const server: ServerHello = {
  version: 1,
  connectionId: ramp(8, 1),
  resetToken: ramp(16, 0x10),
  udpPort: 0xfedc,
  limits,
  earlyDelivered: true,
  clientSecret: ramp(32, 0x20),
  serverSecret: ramp(32, 0x60),
  grant: { lifetimeSeconds: 3600, ageMask: 0xfedcba98, secret: ramp(32, 0x80), ticket: ramp(150, 3) },
};

Deno.test("encodeClientHello() writes what the standard says, and decodeClientHello() reads it back", () => {
  const expected = { name: "client", lowest: 1, highest: 3, id: hex(ramp(8, 1)), ...limitFields };
  const early = { random: hex(ramp(32, 0x20)), proof: hex(ramp(32, 0x70)), ticket: hex(ramp(100, 0x40)) };
  assertEquals(readHello(encodeClientHello(client)), { ...expected, ...early, token: hex(ramp(20, 0x60)) });
  assertEquals(decodeClientHello(encodeClientHello(client)), client);
  const plain = { ...client, early: undefined, token: new Uint8Array(0) };
  assertEquals(readHello(encodeClientHello(plain)), { ...expected, token: "" });
  assertEquals(decodeClientHello(encodeClientHello(plain)), plain);
});

Deno.test("encodeServerHello() writes what the standard says, and decodeServerHello() reads it back", () => {
  const expected = {
    name: "server",
    version: 1,
    id: hex(ramp(8, 1)),
    resetToken: hex(ramp(16, 0x10)),
    port: 0xfedc,
    ...limitFields,
    delivered: 1,
    clientSecret: hex(ramp(32, 0x20)),
    serverSecret: hex(ramp(32, 0x60)),
  };
  const ticket = { lifetime: 3600, ageMask: 0xfedcba98, secret: hex(ramp(32, 0x80)), ticket: hex(ramp(150, 3)) };
  assertEquals(readHello(encodeServerHello(server)), { ...expected, ...ticket });
  assertEquals(decodeServerHello(encodeServerHello(server)), server);
  const plain = { ...server, grant: undefined, earlyDelivered: false };
  assertEquals(readHello(encodeServerHello(plain)), { ...expected, delivered: 0 });
  assertEquals(decodeServerHello(encodeServerHello(plain)), plain);
});

Deno.test("encodeHelloRefusal() writes what the standard says, and decodeHelloRefusal() reads it back", () => {
  assertEquals(readHello(encodeHelloRefusal(0x1234)), { name: "refusal", code: 0x1234 });
  assertEquals(decodeHelloRefusal(encodeHelloRefusal(0x1234)), 0x1234);
  assertEquals(decodeHelloRefusal(Uint8Array.of(3, 1)), -1);
  assertEquals(decodeHelloRefusal(Uint8Array.of(3, 1, 2, 3)), -1);
  assertEquals(decodeHelloRefusal(Uint8Array.of(2, 1, 2)), -1);
});

for (
  const [name, record, decode] of [
    ["decodeClientHello", encodeClientHello(client), decodeClientHello],
    ["decodeServerHello", encodeServerHello(server), decodeServerHello],
  ] as const
) {
  Deno.test(`${name}() refuses a record that is cut anywhere or has a byte too many`, () => {
    for (let end = 0; end < record.length; end++) assertEquals(decode(record.subarray(0, end)), undefined, `${end}`);
    assertEquals(decode(Uint8Array.from([...record, 0])), undefined);
  });

  Deno.test(`${name}() returns copies`, () => {
    const memory = record.slice();
    const hello = decode(memory)!;
    memory.fill(0);
    assertEquals(hello, decode(record));
  });
}

Deno.test("decodeClientHello() refuses flags, versions, limits and tickets that the standard does not allow", () => {
  const refused = (change: (record: Uint8Array) => void): void => {
    const record = encodeClientHello(client);
    change(record);
    assertEquals(decodeClientHello(record), undefined);
  };
  refused((record) => record[0] = 2);
  refused((record) => record[1] = 4);
  refused((record) => record[11] = 0);
  refused((record) => record[23] = 3);
  const early = { random: ramp(32, 0), proof: ramp(32, 0), ticket: ramp(8, 0) };
  assertEquals(decodeClientHello(encodeClientHello({ ...client, early })), undefined);
});

Deno.test("decodeServerHello() refuses flags, versions, ports, limits and tickets that the standard does not allow", () => {
  const refused = (change: (record: Uint8Array) => void): void => {
    const record = encodeServerHello(server);
    change(record);
    assertEquals(decodeServerHello(record), undefined);
  };
  refused((record) => record[0] = 1);
  refused((record) => record[1] = 2);
  refused((record) => record.fill(0, 26, 28));
  refused((record) => record[28] = 0);
  refused((record) => record[40] = 7);
  const grant = { ...server.grant!, ticket: ramp(513, 0) };
  assertEquals(decodeServerHello(encodeServerHello({ ...server, grant })), undefined);
});

Deno.test("encodeClientHello() refuses a token that is too long", () => {
  const token = new Uint8Array(1024);
  assertEquals(decodeClientHello(encodeClientHello({ ...client, token }))?.token.length, 1024);
  assertThrows(() => encodeClientHello({ ...client, token: new Uint8Array(1025) }), RangeError, "1025");
});
