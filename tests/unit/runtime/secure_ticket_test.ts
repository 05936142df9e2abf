import { Buffer } from "node:buffer";
import { assertEquals, assertThrows } from "@std/assert";
import { decodeSecureTicket, encodeSecureTicket } from "../../../src/runtime/secure_ticket.ts";
import type { ResumptionTicket } from "../../../src/session/resumption_ticket.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

const ticket: ResumptionTicket = {
  ticket: Uint8Array.from({ length: 131 }, (_, i) => i),
  secret: new Uint8Array(32).fill(7),
  ageMask: 0xfedc_ba98,
  receivedAtMs: 1_764_000_000_123,
  lifetimeMs: 3_600_000,
  rttMs: 12.5,
};

function addressOf(hostname: string): DatagramAddress {
  const address = new DatagramAddress();
  address.parse(hostname, 7777);
  return address;
}

Deno.test("decodeSecureTicket() gives what encodeSecureTicket() wrote", () => {
  for (const hostname of ["192.0.2.7", "2001:db8::1%3"]) {
    const bytes = encodeSecureTicket(ticket, addressOf(hostname));
    // Applications read tickets from files by node:fs, whose memory is sliced without being copied.
    for (const memory of [bytes.slice(), Buffer.from(bytes)]) {
      const decoded = decodeSecureTicket(memory);
      memory.fill(0);
      assertEquals(decoded.ticket, ticket);
      assertEquals(decoded.address.equals(addressOf(hostname)), true);
    }
  }
});

Deno.test("encodeSecureTicket() writes a round-trip time that is too long as the longest, and whole milliseconds", () => {
  const odd = { ...ticket, rttMs: 1e12, receivedAtMs: 5.75 };
  const decoded = decodeSecureTicket(encodeSecureTicket(odd, addressOf("192.0.2.7"))).ticket;
  assertEquals([decoded.rttMs, decoded.receivedAtMs], [4_294_967.295, 5]);
});

Deno.test("decodeSecureTicket() refuses everything else with a TypeError", () => {
  const good = encodeSecureTicket(ticket, addressOf("192.0.2.7"));
  for (let length = 0; length < good.length; length++) {
    assertThrows(() => decodeSecureTicket(good.slice(0, length)), TypeError, "", `${length} bytes`);
  }
  assertThrows(() => decodeSecureTicket(Uint8Array.of(...good, 0)), TypeError);
  assertThrows(() => decodeSecureTicket(good.with(0, 2)), TypeError);
  assertThrows(() => decodeSecureTicket("ticket" as unknown as Uint8Array), TypeError, "must be a Uint8Array");
  for (const [length, isGood] of [[8, false], [9, true], [512, true], [513, false]] as const) {
    const sized = encodeSecureTicket({ ...ticket, ticket: new Uint8Array(length) }, addressOf("192.0.2.7"));
    if (isGood) assertEquals(decodeSecureTicket(sized).ticket.ticket.length, length);
    else assertThrows(() => decodeSecureTicket(sized), TypeError, "", `${length} bytes`);
  }
});
