import { assert, assertEquals } from "@std/assert";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { ConnectionIdScheme } from "../../../src/session/connection_id_scheme.ts";
import { isIssuedTo, TicketKeeper } from "../../../src/session/ticket_keeper.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { decodeWord } from "../../../src/wire/packet_header.ts";

const scheme = new ConnectionIdScheme(new Uint8Array(8).fill(1), 9);
const address = new DatagramAddress();
address.parse("2001:db8::7%3", 4000);

function keeperAt(clock: ClockCell, seed: number, key?: Uint8Array, lifetimeMs = 60_500): TicketKeeper {
  const wallClock = { wallNow: () => 1e12 + clock.now + 0.5 };
  const random = new SeededRandom(seed);
  const aead = new ChaCha20Poly1305();
  return new TicketKeeper({ aead, random, clock, wallClock, scheme, lifetimeMs, rotationMs: 100_000, key });
}

Deno.test("TicketKeeper opens what it issued, and says all that it put in", () => {
  const clock = new ClockCell();
  clock.advance(1234);
  const keeper = keeperAt(clock, 1);
  const token = Uint8Array.of(1, 2, 3);
  const grant = keeper.issue(token, address, 2 ** 40 + 7)!;
  const before = grant.ticket.slice();
  const content = keeper.open(grant.ticket)!;
  assertEquals(grant.ticket, before, "the ticket is unchanged");
  assertEquals([content.issuedAtMs, content.lifetimeMs, grant.lifetimeSeconds], [1e12 + 1234, 60_000, 60]);
  assertEquals([content.ageMask, content.isOwn, content.parent], [grant.ageMask, true, 2 ** 40 + 7]);
  assertEquals([content.secret, content.token], [grant.secret, token]);
  assertEquals(isIssuedTo(content, address), true);
});

Deno.test("isIssuedTo() compares the host and not the port", () => {
  const keeper = keeperAt(new ClockCell(), 1);
  const content = keeper.open(keeper.issue(new Uint8Array(0), address, 0)!.ticket)!;
  for (let word = 0; word < 6; word++) {
    const other = new DatagramAddress();
    other.copyFrom(address);
    other.words[word]! ^= 1;
    assertEquals(isIssuedTo(content, other), word === 4, `word ${word}`);
  }
});

Deno.test("TicketKeeper gives every ticket an id that names its owner, and a secret of its own", () => {
  const keeper = keeperAt(new ClockCell(), 1);
  const secrets = new Set<string>();
  const ids = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const { ticket, secret } = keeper.issue(new Uint8Array(0), address, 0)!;
    assertEquals(scheme.ownerOf(decodeWord(ticket, 0), decodeWord(ticket, 4)), 9);
    secrets.add(secret.join());
    ids.add(ticket.subarray(0, 8).join());
  }
  assertEquals([secrets.size, ids.size], [50, 50]);
});

Deno.test("TicketKeeper opens nothing of which a bit was changed", () => {
  const keeper = keeperAt(new ClockCell(), 1);
  const { ticket } = keeper.issue(Uint8Array.of(5), address, 1)!;
  for (let bit = 0; bit < ticket.length * 8; bit++) {
    const changed = ticket.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(keeper.open(changed), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < ticket.length; length++) {
    assertEquals(keeper.open(ticket.subarray(0, length)), undefined, `${length} bytes`);
  }
});

Deno.test("TicketKeeper opens tickets of the key before, and of no older one", () => {
  const clock = new ClockCell();
  const keeper = keeperAt(clock, 1);
  const tickets = [0, 100_000, 200_000].map((at) => {
    clock.advance(at);
    return keeper.issue(new Uint8Array(0), address, 0)!.ticket;
  });
  assertEquals(tickets.map((ticket) => keeper.open(ticket) !== undefined), [false, true, true]);
  clock.advance(299_999);
  assertEquals(tickets.map((ticket) => keeper.open(ticket) !== undefined), [false, true, true]);
  clock.advance(300_000);
  assertEquals(tickets.map((ticket) => keeper.open(ticket) !== undefined), [false, false, true]);
  clock.advance(500_000);
  assertEquals(keeper.open(tickets[2]!), undefined, "two rotations were slept through");
});

Deno.test("TicketKeeper with the same key opens tickets of its former life, and knows that they are", () => {
  const key = new Uint8Array(32).fill(7);
  const former = keeperAt(new ClockCell(), 1, key);
  const again = keeperAt(new ClockCell(), 2, key);
  const stranger = keeperAt(new ClockCell(), 3, new Uint8Array(32).fill(8));
  const { ticket } = former.issue(new Uint8Array(0), address, 0)!;
  assertEquals(again.open(ticket)?.isOwn, false);
  assertEquals(former.open(ticket)?.isOwn, true);
  assertEquals(stranger.open(ticket), undefined);
});

Deno.test("TicketKeeper with the same key and the same draws seals under keys of their own", () => {
  const key = new Uint8Array(32).fill(7);
  const [one, two] = [keeperAt(new ClockCell(), 1, key), keeperAt(new ClockCell(), 2, key)];
  const a = one.issue(new Uint8Array(0), address, 0)!.ticket;
  const b = two.issue(new Uint8Array(0), address, 0)!.ticket;
  assert(a.subarray(12, 28).join() !== b.subarray(12, 28).join(), "salts differ");
  assertEquals(a.subarray(8, 12), b.subarray(8, 12), "the key's name is the same");
});

Deno.test("TicketKeeper issues nothing for a token that is too long", () => {
  const keeper = keeperAt(new ClockCell(), 1);
  const longest = keeper.issue(new Uint8Array(256), address, 0)!;
  assertEquals([longest.ticket.length <= 512, keeper.open(longest.ticket)?.token.length], [true, 256]);
  assertEquals(keeper.issue(new Uint8Array(257), address, 0), undefined);
});
