import { assertEquals } from "@std/assert";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleKeyExchange } from "../../../src/crypto/noble_key_exchange.ts";
import { MAX_PACKET_NUMBER } from "../../../src/crypto/nonce_sequence.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { DatagramTransmit } from "../../../src/session/datagram_transmit.ts";
import { resolveEndpointOptions } from "../../../src/session/endpoint_options.ts";
import { makeParts } from "../../../src/session/endpoint_setup.ts";
import type { Session } from "../../../src/session/session.ts";
import { SessionCloseCode } from "../../../src/session/session_close_code.ts";
import { addPeerId } from "../../../src/session/session_ids.ts";
import { PING } from "../../../src/session/session_item.ts";
import { givePacket } from "../../../src/session/session_outflow.ts";
import { setPath } from "../../../src/session/session_path.ts";
import { NEXT_NUMBER, SKIP_AT } from "../../../src/session/session_row.ts";
import { start } from "../../../src/session/session_start.ts";
import { SessionRole, SessionState } from "../../../src/session/session_state.ts";
import { trafficOf } from "../../../src/session/session_traffic.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { readPacket } from "../wire/standard_reader.ts";

/** A client with keys and a path. */
function clientSession(): Session {
  const clock = new ClockCell();
  const parts = makeParts({
    config: resolveEndpointOptions(),
    clock,
    wallClock: { wallNow: () => 0 },
    random: new SeededRandom(1),
    aead: new ChaCha20Poly1305(),
    keyExchange: new NobleKeyExchange(),
  });
  const s = parts.table.open(SessionRole.Client)!;
  start(s, { client: new Uint8Array(32).fill(1), server: new Uint8Array(32).fill(2) });
  addPeerId(s, 0, 1, 2, new Uint8Array(16), 0);
  setPath(s, 0, new DatagramAddress());
  return s;
}

Deno.test("givePacket() uses the last packet number and ends the session behind it", () => {
  const s = clientSession();
  s.row[NEXT_NUMBER] = MAX_PACKET_NUMBER;
  const target = new DatagramTransmit(new Uint8Array(1500));
  s.call(PING);
  const length = givePacket(s, target);
  assertEquals([length, readPacket(target.buffer.subarray(0, length)).number], [1200, MAX_PACKET_NUMBER]);
  s.call(PING);
  assertEquals([givePacket(s, target), s.state], [0, SessionState.Closed]);
  assertEquals(s.reason, { code: SessionCloseCode.NumbersExhausted, origin: "local", text: "" });
});

Deno.test("givePacket() leaves the number out that was chosen, and no second one before an acknowledgement", () => {
  const s = clientSession();
  const target = new DatagramTransmit(new Uint8Array(1500));
  const numbers: number[] = [];
  for (let i = 0; i < 1500; i++) {
    if (i === 0) s.row[SKIP_AT] = 3;
    s.call(PING);
    const length = givePacket(s, target);
    numbers.push(readPacket(target.buffer.subarray(0, length)).number);
  }
  assertEquals(numbers.slice(0, 5), [0, 1, 2, 4, 5]);
  assertEquals(numbers.at(-1), 1500);
});

Deno.test("givePacket() sends an acknowledgement along where the next message has room beside it, and only there", () => {
  const s = clientSession();
  const target = new DatagramTransmit(new Uint8Array(1500));
  while (givePacket(s, target) > 0);
  const { received } = trafficOf(s);
  let number = 0;
  const sizes = [1159, 1159 - 46, 1159 - 47, 10].map((bytes) => {
    for (let i = received.owed; i < 2; i++) received.handlePacket(number++, true, false);
    s.queue = s.context.takeQueue();
    s.queue.push(1, 0, new Uint8Array(bytes), 5000);
    const length = givePacket(s, target);
    const isAlone = givePacket(s, target) === 0;
    return [length - bytes, received.owed, isAlone];
  });
  // Header, tag and the message's own header are 41 bytes, an acknowledgement of one range is 15.
  assertEquals(sizes, [[41, 2, true], [56, 0, true], [56, 0, true], [56, 0, true]]);
});

Deno.test("givePacket() sends an acknowledgement that is due ahead of a message that has no room beside it", () => {
  const s = clientSession();
  const target = new DatagramTransmit(new Uint8Array(1500));
  while (givePacket(s, target) > 0);
  trafficOf(s).received.handlePacket(5, true, true);
  s.queue = s.context.takeQueue();
  s.queue.push(1, 0, new Uint8Array(1159), 5000);
  assertEquals([givePacket(s, target), givePacket(s, target), givePacket(s, target)], [48, 1200, 0]);
});
