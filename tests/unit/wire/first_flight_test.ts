import { assertEquals } from "@std/assert";
import { encodeFirstFlight, FirstFlightReader, TRANSCRIPT_OFFSET } from "../../../src/wire/first_flight.ts";
import {
  echoesRandom,
  encodeRefusal,
  encodeReplyHeader,
  encodeRetry,
  REFUSAL_BYTES,
  RefusalReason,
  REPLY_HEADER_BYTES,
  RETRY_BYTES,
} from "../../../src/wire/flight_answer.ts";
import { hex, readPacket } from "./standard_reader.ts";

function ramp(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i);
}

const header = {
  number: 2 ** 33 + 5,
  cookie: ramp(24, 1),
  idHigh: 0x01020304,
  idLow: -2,
  random: ramp(32, 0x20),
  share: ramp(32, 0x50),
  maskedAge: 0xfffffff1,
  ticket: ramp(100, 0x80),
};

function flight(ticketBytes = 100): Uint8Array {
  const datagram = new Uint8Array(1200);
  encodeFirstFlight(datagram, 0, { ...header, ticket: ramp(ticketBytes, 0x80) });
  return datagram;
}

Deno.test("encodeFirstFlight() writes what the standard says", () => {
  const memory = new Uint8Array(1202).fill(0xee);
  assertEquals(encodeFirstFlight(memory, 1, header), 1 + 211);
  assertEquals([memory[0], memory[1 + 211]], [0xee, 0xee]);
  const packet = readPacket(memory.subarray(1, 1201));
  assertEquals([packet.type, packet.number, packet.body], [1, header.number, 211]);
  assertEquals(packet.fields, {
    cookie: hex(header.cookie),
    clientId: "01020304fffffffe",
    random: hex(header.random),
    share: hex(header.share),
    aged: "fffffff1",
    ticket: hex(header.ticket),
    transcript: hex(memory.subarray(1 + TRANSCRIPT_OFFSET, 1 + 211)),
  });
});

Deno.test("FirstFlightReader reads back every field", () => {
  const memory = new Uint8Array(1203);
  encodeFirstFlight(memory, 3, header);
  const reader = new FirstFlightReader();
  assertEquals(reader.read(memory, 3, 1203), true);
  assertEquals([reader.number, reader.idHigh, reader.idLow], [header.number, header.idHigh, header.idLow]);
  assertEquals([reader.maskedAge, reader.sealedAt], [header.maskedAge, 3 + 211]);
  assertEquals([reader.ticketHigh, reader.ticketLow], [0x80818283 | 0, 0x84858687 | 0]);
  assertEquals([reader.randomHigh, reader.randomLow], [0x20212223, 0x24252627]);
  assertEquals([reader.random, reader.share, reader.ticket], [header.random, header.share, header.ticket]);
  assertEquals(reader.cookie, header.cookie);
  assertEquals(reader.transcript, memory.subarray(3 + TRANSCRIPT_OFFSET, 3 + 211));
});

Deno.test("FirstFlightReader takes a cookie of zeros for none", () => {
  const datagram = flight();
  datagram.fill(0, 9, 33);
  const reader = new FirstFlightReader();
  reader.read(datagram, 0, 1200);
  assertEquals(reader.cookie, undefined);
  datagram[32] = 1;
  assertEquals(reader.cookie?.[23], 1);
});

Deno.test("FirstFlightReader refuses what is shorter than 1200 bytes", () => {
  const reader = new FirstFlightReader();
  for (let end = 0; end < 1200; end++) assertEquals(reader.read(flight(), 0, end), false, `${end} bytes`);
});

Deno.test("FirstFlightReader refuses a ticket of a bad length and a number of 2^53", () => {
  const reader = new FirstFlightReader();
  for (const [bytes, isLegal] of [[8, false], [9, true], [512, true], [513, false], [65535, false]] as const) {
    const datagram = flight();
    datagram[109] = bytes >> 8;
    datagram[110] = bytes & 255;
    assertEquals(reader.read(datagram, 0, 1200), isLegal, `${bytes} bytes`);
  }
  const datagram = flight();
  datagram[2] = 0x20;
  assertEquals(reader.read(datagram, 0, 1200), false);
});

Deno.test("encodeReplyHeader() writes what the standard says", () => {
  const memory = new Uint8Array(REPLY_HEADER_BYTES + 2).fill(0xee);
  const transcript = ramp(40, 7);
  assertEquals(encodeReplyHeader(memory, 1, -1, 5, 2 ** 40 + 1, transcript), 1 + REPLY_HEADER_BYTES);
  assertEquals([memory[0], memory.at(-1)], [0xee, 0xee]);
  const packet = readPacket(memory.subarray(1));
  assertEquals([packet.type, packet.id, packet.number, packet.body], [2, "ffffffff00000005", 2 ** 40 + 1, 57]);
  const fields = { serverId: hex(ramp(8, 7)), share: hex(ramp(32, 15)), transcript: hex(transcript) };
  assertEquals(packet.fields, fields);
});

Deno.test("encodeRetry() and encodeRefusal() write what the standard says", () => {
  const memory = new Uint8Array(64).fill(0xee);
  assertEquals(encodeRetry(memory, 1, 3, 4, header.random, header.cookie), 1 + RETRY_BYTES);
  const retry = readPacket(memory.subarray(1, 1 + RETRY_BYTES));
  const fields = { echo: hex(ramp(8, 0x20)), cookie: hex(header.cookie) };
  assertEquals([retry.type, retry.id, retry.fields], [3, "0000000300000004", fields]);
  assertEquals([memory[0], memory[1 + RETRY_BYTES]], [0xee, 0xee]);
  memory.fill(0xee);
  assertEquals(encodeRefusal(memory, 1, 3, 4, header.random, RefusalReason.Busy), 1 + REFUSAL_BYTES);
  const refusal = readPacket(memory.subarray(1, 1 + REFUSAL_BYTES));
  assertEquals([refusal.type, refusal.id], [4, "0000000300000004"]);
  assertEquals(refusal.fields, { echo: hex(ramp(8, 0x20)), reason: "04" });
  assertEquals([memory[0], memory[1 + REFUSAL_BYTES]], [0xee, 0xee]);
});

Deno.test("echoesRandom() compares the eight bytes and no others", () => {
  const memory = new Uint8Array(REFUSAL_BYTES);
  encodeRefusal(memory, 0, 3, 4, header.random, RefusalReason.Busy);
  assertEquals(echoesRandom(memory, 0, header.random), true);
  for (let i = 0; i < 32; i++) {
    const other = header.random.slice();
    other[i]! ^= 1;
    assertEquals(echoesRandom(memory, 0, other), i >= 8, `byte ${i}`);
  }
});
