/**
 * Two nodes that dial each other, at the same time or again: one link stays, at both ends the same, and nothing is lost.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { LinkQueue } from "../../src/bus/link/link_queue.ts";
import { LinkDials } from "../../src/bus/link/link_setup.ts";
import { LinkEvent } from "../../src/bus/link/link_event.ts";
import { LinkState } from "../../src/bus/link/node_link_machine.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { LinkEnd, settle } from "../unit/bus/link/link_pair.ts";

/** One stream between two nodes, carried piece by piece. */
interface Stream {
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly owners: readonly [Node, Node];
  readonly seen: [boolean, boolean];
}

/** One node as a runtime holds it: one queue and one link for the other node. */
class Node {
  readonly id: number;
  readonly dials = new LinkDials();
  readonly queue: LinkQueue;
  readonly received: number[] = [];
  link: LinkEnd | undefined = undefined;
  boot = 1;

  constructor(id: number) {
    this.id = id;
    this.queue = new LinkEnd(false, { id }).queue;
  }

  end(isDialer: boolean, seed: number): LinkEnd {
    return new LinkEnd(isDialer, { id: this.id, boot: this.boot, dials: this.dials, seed, admits: false });
  }

  /** Works a link and does what a runtime does with its events. */
  work(end: LinkEnd): void {
    end.drain();
    for (const event of end.events.splice(0)) {
      if (event === LinkEvent.Greeted && end.machine.state === LinkState.Greeting) {
        this.link = settle(this.id, this.link, end, this.queue);
        end.drain();
      }
      if (event === LinkEvent.Closed && this.link === end) this.link = undefined;
    }
    for (const bytes of end.received.splice(0)) this.received.push(bytes[0]! + 256 * bytes[1]!);
  }
}

/** Two nodes, and what lies between them. */
class Mesh {
  readonly a = new Node(1);
  readonly b = new Node(2);
  readonly streams: Stream[] = [];
  #seed = 1;

  dial(from: Node, to: Node): LinkEnd {
    const ends = [from.end(true, this.#seed++), to.end(false, this.#seed++)] as const;
    this.streams.push({ ends, owners: [from, to], seen: [false, false] });
    from.link ??= ends[0];
    from.work(ends[0]);
    to.work(ends[1]);
    return ends[0];
  }

  /** Carries one piece on one stream in one direction; says whether there was one. */
  carry({ ends, owners, seen }: Stream, direction: 0 | 1): boolean {
    const [from, to] = [ends[direction], ends[1 - direction]!];
    owners[direction].work(from);
    const piece = from.wire.shift();
    const receiver = owners[1 - direction]!;
    if (piece !== undefined) {
      if (to.machine.reading) to.receive(piece);
      receiver.work(to);
      return true;
    }
    if (!from.hasEnded || seen[direction]) return false;
    seen[direction] = true;
    if (to.machine.reading) to.machine.handleEnd();
    receiver.work(to);
    return true;
  }

  runAll(): void {
    while (this.streams.some((stream) => this.carry(stream, 0) || this.carry(stream, 1)));
  }

  check(note: string): void {
    const open = this.streams.filter(({ ends }) => ends.every(({ isOpen }) => isOpen));
    const half = this.streams.filter(({ ends }) => ends.some(({ isOpen }) => isOpen));
    assertEquals([open.length, half.length], [1, 1], note);
    assert(this.a.link?.isOpen && this.b.link?.isOpen, note);
    assert(open[0]!.ends.includes(this.a.link) && open[0]!.ends.includes(this.b.link), note);
  }
}

function numbered(n: number): Uint8Array {
  return Uint8Array.of(n, n >>> 8);
}

Deno.test("Two nodes that dial each other keep the dial of the lower id, in every order of the pieces, and lose nothing", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const mesh = new Mesh();
    const sent = 20;
    for (let i = 0; i < sent; i++) {
      for (const node of [mesh.a, mesh.b]) node.queue.offer(numbered(i), 0, 2);
    }
    mesh.dial(mesh.a, mesh.b);
    for (let before = random.nextInt(4) * random.nextInt(3); before > 0; before--) step(mesh, random);
    // A runtime dials only while it has no link.
    if (mesh.b.link === undefined) mesh.dial(mesh.b, mesh.a);
    for (let i = 0; i < 60; i++) step(mesh, random);
    mesh.runAll();
    mesh.check(`seed ${seed}`);
    const order = Array.from({ length: sent }, (_, i) => i);
    assertEquals([mesh.a.received, mesh.b.received], [order, order], `seed ${seed}`);
  }
});

function step(mesh: Mesh, random: SeededRandom): void {
  mesh.carry(mesh.streams[random.nextInt(mesh.streams.length)]!, random.nextInt(2) as 0 | 1);
}

Deno.test("Two dials that cross piece by piece keep that of the lower id", () => {
  const mesh = new Mesh();
  const lower = mesh.dial(mesh.a, mesh.b);
  mesh.b.link = undefined;
  mesh.dial(mesh.b, mesh.a);
  for (let i = 0; i < 10; i++) {
    for (const stream of mesh.streams) for (const direction of [0, 1] as const) mesh.carry(stream, direction);
  }
  mesh.check("crossed");
  assertEquals(mesh.a.link, lower);
});

Deno.test("A node that dials again takes the place of its older link, whoever has the lower id", () => {
  for (const again of ["a", "b"] as const) {
    for (const first of ["a", "b"] as const) {
      const mesh = new Mesh();
      const other = { a: mesh.b, b: mesh.a };
      mesh.dial(mesh[first], other[first]);
      mesh.runAll();
      mesh.check("first");
      mesh[again].link = undefined;
      const newer = mesh.dial(mesh[again], other[again]);
      mesh.runAll();
      assertEquals([mesh[again].link, newer.isOpen], [newer, true], `${again} after ${first}`);
      assertEquals(other[again].link?.isOpen, true, `${again} after ${first}`);
    }
  }
});

Deno.test("A node that dials although its link is open has the newer one in the end, at both ends", () => {
  for (const first of ["a", "b"] as const) {
    const mesh = new Mesh();
    const other = { a: mesh.b, b: mesh.a };
    mesh.dial(mesh[first], other[first]);
    mesh.runAll();
    const newer = mesh.dial(mesh.a, mesh.b);
    // The end of the older stream comes late.
    const stream = mesh.streams[1]!;
    while (mesh.carry(stream, 0) || mesh.carry(stream, 1));
    mesh.runAll();
    mesh.check(`after ${first}`);
    assertEquals(mesh.a.link, newer, `after ${first}`);
  }
});

Deno.test("A node that was started again takes the place of the boot before", () => {
  const mesh = new Mesh();
  mesh.dial(mesh.a, mesh.b);
  mesh.runAll();
  const reborn = new Node(1);
  reborn.boot = 2;
  const ends = [reborn.end(true, 500), mesh.b.end(false, 501)] as const;
  mesh.streams.push({ ends, owners: [reborn, mesh.b], seen: [false, false] });
  reborn.link = ends[0];
  mesh.b.work(ends[1]);
  mesh.runAll();
  assertEquals([mesh.b.link === ends[1], ends[0].isOpen, ends[1].isOpen], [true, true, true]);
});

Deno.test("A dial that nobody answers keeps no link out", () => {
  const mesh = new Mesh();
  const hanging = mesh.a.end(true, 77);
  mesh.a.link = hanging;
  mesh.a.work(hanging);
  mesh.dial(mesh.b, mesh.a);
  mesh.runAll();
  mesh.check("the other way");
  assertEquals(hanging.machine.state, LinkState.Closed);
});
