import { assertEquals } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import { createSpscRing } from "../../../src/ring/spsc_ring.ts";
import { DatagramRingReader, DatagramRingWriter, SecureWorkerLink } from "../../../src/runtime/secure_worker_link.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

const socket = {
  local: { transport: "udp", hostname: "192.0.2.1", port: 7 },
  maxDatagramBytes: 1200,
  dontFragment: true,
} as const;

/** A worker's link over rings of 4 KiB, and the façade's ends. */
class Bench {
  readonly link: SecureWorkerLink;
  readonly writer: DatagramRingWriter;
  readonly reader: DatagramRingReader;
  /** What the worker got, and what it said of room. */
  readonly log: string[] = [];
  readonly address = new DatagramAddress();
  /** Called with what comes. */
  onDatagram: () => void = () => {};

  constructor() {
    const [arrivals, departures] = [createSpscRing(4096), createSpscRing(4096)];
    const bell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
    this.link = new SecureWorkerLink(socket, arrivals, departures, bell, () => this.log.push("turn"));
    this.writer = new DatagramRingWriter(arrivals, bell);
    this.reader = new DatagramRingReader(departures);
    this.address.parse("2001:db8::1%3", 65_535);
    const source = new DatagramAddress();
    this.link.start({
      source,
      handleDatagram: (buffer, start, end) => {
        this.log.push(`${source.hostname} ${source.port}: ${buffer.slice(start, end).slice(0, 2)} of ${end - start}`);
        this.onDatagram();
      },
      handleRoom: () => this.log.push("room"),
    });
  }

  send(first: number, length = 1200): SendStatus {
    const memory = new Uint8Array(2000).fill(first);
    return this.link.send(memory, 5, 5 + length, this.address);
  }

  /** Reads what goes out until one is refused. */
  read(limit = Infinity): string[] {
    const out: string[] = [];
    this.reader.drain((address, buffer, start, end) => {
      if (out.length >= limit) return false;
      const from = new DatagramAddress();
      from.words.set(address.words);
      out.push(`${from.hostname} ${from.port}: ${buffer[start]} of ${end - start}`);
      return true;
    });
    return out;
  }
}

const PEER = "2001:db8:0:0:0:0:0:1%3 65535";

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("datagrams of any length cross with their addresses", () => {
  const bench = new Bench();
  for (const length of [0, 1, 7, 1200]) {
    assertEquals(
      bench.writer.add(bench.address, Uint8Array.of(0, ...new Uint8Array(length).fill(9)), 1, 1 + length),
      true,
    );
  }
  assertEquals(bench.link.drain(), 4);
  assertEquals(bench.log, [`${PEER}:  of 0`, `${PEER}: 9 of 1`, `${PEER}: 9,9 of 7`, `${PEER}: 9,9 of 1200`]);
  assertEquals([bench.send(4), bench.send(5, 1)], [SendStatus.Queued, SendStatus.Queued]);
  assertEquals(bench.read(), [`${PEER}: 4 of 1200`, `${PEER}: 5 of 1`]);
});

Deno.test("add() refuses what does not fit, and only that", () => {
  const bench = new Bench();
  let taken = 0;
  while (bench.writer.add(bench.address, new Uint8Array(1200), 0, 1200)) taken++;
  assertEquals([taken, bench.link.drain()], [3, 3]);
  assertEquals(bench.writer.add(bench.address, new Uint8Array(1200), 0, 1200), true);
});

Deno.test("while nothing can be sent nothing is taken; room is told of once, and all goes on", async () => {
  const bench = new Bench();
  assertEquals([1, 2, 3, 4, 5].map((n) => bench.send(n)), [
    ...[1, 2, 3].map(() => SendStatus.Queued),
    ...[4, 5].map(() => SendStatus.BackPressured),
  ]);
  bench.writer.add(bench.address, Uint8Array.of(8), 0, 1);
  assertEquals([bench.link.hasRoom, bench.link.drain(), bench.log], [false, 0, []]);
  assertEquals(bench.read().length, 3);
  await turn();
  assertEquals([bench.link.hasRoom, bench.log], [true, ["room", "turn"]]);
  assertEquals([bench.link.drain(), bench.log.at(-1)], [1, `${PEER}: 8 of 1`]);
});

Deno.test("drain() stops in the middle when nothing can be sent, and loses nothing", async () => {
  const bench = new Bench();
  for (const n of [1, 2, 3]) bench.writer.add(bench.address, Uint8Array.of(n), 0, 1);
  bench.onDatagram = () => {
    while (bench.send(1) === SendStatus.Queued);
  };
  assertEquals([bench.link.drain(), bench.log], [1, [`${PEER}: 1 of 1`]]);
  bench.onDatagram = () => {};
  bench.read();
  await turn();
  assertEquals([bench.link.drain(), bench.log.slice(-2)], [2, [`${PEER}: 2 of 1`, `${PEER}: 3 of 1`]]);
});

Deno.test("a datagram that is not taken comes again, before the next", () => {
  const bench = new Bench();
  for (const n of [1, 2, 3]) bench.send(n);
  assertEquals(bench.read(1), [`${PEER}: 1 of 1200`]);
  assertEquals(bench.read(0), []);
  assertEquals(bench.read(), [`${PEER}: 2 of 1200`, `${PEER}: 3 of 1200`]);
  assertEquals(bench.send(4), SendStatus.Queued, "what was read is free");
});

Deno.test("send() refuses what is too long, and everything after the end", async () => {
  const bench = new Bench();
  assertEquals(bench.send(1, 1201), SendStatus.TooLarge);
  bench.writer.add(bench.address, Uint8Array.of(8), 0, 1);
  bench.link.close();
  await bench.link.whenClosed;
  assertEquals([bench.send(1), bench.link.drain(), bench.link.hasRoom, bench.read()], [
    SendStatus.Closed,
    0,
    false,
    [],
  ]);
});
