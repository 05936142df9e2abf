/**
 * What becomes of keys: no nonce is used twice, whatever happens, and no key outlives its use.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { AeadProvider, PacketKey } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { numbered, Sim } from "./session_bench.ts";

/** Watches which numbers are sealed under which key, and which keys are alive. */
class Watch implements AeadProvider {
  readonly name = "watched";
  readonly sealed = new Set<string>();
  readonly alive = new Set<PacketKey>();
  made = 0;
  reused = 0;
  readonly #aead = new ChaCha20Poly1305();

  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    const inner = this.#aead.packetKey(key, iv);
    const name = `${key.join()} ${iv.join()}`;
    this.made++;
    const watched: PacketKey = {
      seal: (buffer, aadStart, start, end, packetNumber) => {
        const use = `${name} ${packetNumber}`;
        if (this.sealed.has(use)) this.reused++;
        this.sealed.add(use);
        inner.seal(buffer, aadStart, start, end, packetNumber);
      },
      open: (buffer, aadStart, start, end, packetNumber) => inner.open(buffer, aadStart, start, end, packetNumber),
      destroy: () => {
        this.alive.delete(watched);
        inner.destroy();
      },
    };
    this.alive.add(watched);
    return watched;
  }
}

/** Sessions that rotate, move, resume, restart and end under loss. */
function live(seed: number): Watch {
  const watch = new Watch();
  const random = new SeededRandom(seed);
  const keys = { resetKey: new Uint8Array(32).fill(1), ticketKey: new Uint8Array(32).fill(2) };
  const options = {
    ...keys,
    rotateAfterPackets: 16,
    ackEveryPackets: 1,
    handshakeTimeoutMs: 2000,
    idleTimeoutMs: 8000,
  };
  const sim = new Sim({ delayMs: 5, jitterMs: 10, lossShare: 0.15, duplicateShare: 0.1 }, options, seed, watch);
  const end = sim.addClient({ rotateAfterPackets: 16, ackEveryPackets: 1, handshakeTimeoutMs: 2000 });
  let server = sim.server;
  for (let round = 0; round < 6; round++) {
    if (round === 3) server = sim.addServer(options);
    const session = end.endpoint.openClient();
    const ticket = end.sessions.at(-1)?.ticket;
    if (ticket === undefined || !session.resume(ticket, 0, server.host.address)) {
      sim.shake(end, server, new Uint8Array(0), session);
    }
    session.sendEarly(1, numbered(round));
    end.pump();
    for (let i = 0; i < 120; i++) {
      session.send(1, numbered(i));
      server.sessions.at(-1)?.send(1, numbered(i));
      end.pump();
      server.pump();
      if (random.nextInt(40) === 0) end.host.rebind("10.0.0.1", 2000 + random.nextInt(1000));
      sim.scheduler.advance(5);
    }
    if (session.state === SessionState.Idle) sim.shake(end, server, new Uint8Array(0), session);
    if (random.nextInt(2) === 0) session.close();
    end.pump();
    sim.scheduler.advance(1000);
  }
  for (const one of [end, sim.server, server]) one.endpoint.close();
  for (const one of [end, sim.server, server]) one.pump();
  sim.scheduler.advance(60_000);
  return watch;
}

Deno.test("session: no number is sealed twice under one key, across phases, paths, resumptions and restarts", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const watch = live(seed);
    assert(watch.sealed.size > 500 && watch.made > 30, `seed ${seed}: ${watch.sealed.size}, ${watch.made}`);
    assertEquals(watch.reused, 0, `seed ${seed}`);
  }
});

Deno.test("session: every key is destroyed in the end", () => {
  for (let seed = 1; seed <= 6; seed++) assertEquals(live(seed).alive.size, 0, `seed ${seed}`);
});

Deno.test("session: an established session holds two keys, and four while phases change", () => {
  const watch = new Watch();
  const sim = new Sim({ delayMs: 5 }, { ackEveryPackets: 1 }, 1, watch);
  const { client, end } = sim.connect({ rotateAfterPackets: 16, ackEveryPackets: 1 });
  assertEquals(watch.alive.size, 4);
  let most = 0;
  for (let i = 0; i < 300; i++) {
    client.send(1, numbered(i));
    end.pump();
    sim.scheduler.advance(5);
    most = Math.max(most, watch.alive.size);
  }
  assertEquals(most, 5, "the server keeps the phase before for a while");
  sim.scheduler.advance(2000);
  assertEquals(watch.alive.size, 4);
});
