/**
 * A driver that breaks the order of `src/machine/CONTRACT.md` fails at once.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../src/error/transport_error.ts";
import { TransmitSpan } from "../../src/machine/transmit_span.ts";
import { StreamEvent, type StreamMachine } from "../../src/stream/stream_machine.ts";
import { ManualScheduler } from "../../src/testing/manual_scheduler.ts";
import { frameOf, joined } from "../unit/stream/int32_stream.ts";
import { makeMachine } from "./stream_bench.ts";

const span = new TransmitSpan();

function drain(machine: StreamMachine): StreamEvent[] {
  const events: StreamEvent[] = [];
  machine.pollTransmit(span);
  machine.pollTimeout();
  for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) events.push(event);
  return events;
}

function receive(machine: StreamMachine, bytes: Uint8Array): void {
  machine.receiveSpan().set(bytes);
  machine.handleReceived(bytes.length);
}

const made = (): StreamMachine => makeMachine(new ManualScheduler()).machine;

Deno.test("stream: bytes and ends are refused before the machine was drained", () => {
  const machine = made();
  assertThrows(() => machine.handleReceived(1), MisuseError, "pollTransmit comes first");
  assertThrows(() => machine.handleEnd(), MisuseError, "pollTransmit comes first");
  assertThrows(() => machine.pollTimeout(), MisuseError, "pollTransmit comes first");
  assertThrows(() => machine.pollEvent(), MisuseError, "pollTransmit comes first");
  machine.pollTransmit(span);
  assertThrows(() => machine.pollEvent(), MisuseError, "pollTimeout comes first");
  machine.pollTimeout();
  assertThrows(() => machine.handleReceived(1), MisuseError, "pollEvent comes first");
  assertEquals(machine.pollEvent(), StreamEvent.Ready);
  assertThrows(() => machine.handleReceived(1), MisuseError, "pollEvent comes first");
  assertEquals(machine.pollEvent(), undefined);
  receive(machine, frameOf(Uint8Array.of(1)));
  assertThrows(() => machine.handleEnd(), MisuseError, "pollTransmit comes first");
});

Deno.test("stream: receive memory is not lent while frames of it are with the application", () => {
  const machine = made();
  drain(machine);
  receive(machine, frameOf(Uint8Array.of(1)));
  machine.pollTransmit(span);
  machine.pollTimeout();
  assertEquals(machine.pollEvent(), StreamEvent.Frames);
  assertThrows(() => machine.receiveSpan(), MisuseError, "pollEvent comes first");
  assertEquals(machine.pollEvent(), undefined);
  assertEquals(machine.receiveSpan().length > 0, true);
});

Deno.test("stream: a command in an event leaves the events legal and asks for another round before the next bytes", () => {
  const machine = made();
  drain(machine);
  receive(machine, joined([frameOf(Uint8Array.of(1)), frameOf(Uint8Array.of(2))]));
  machine.pollTransmit(span);
  machine.pollTimeout();
  assertEquals(machine.pollEvent(), StreamEvent.Frames);
  machine.close();
  assertEquals(machine.pollEvent(), StreamEvent.EndWrite);
  assertEquals(machine.pollEvent(), undefined);
  assertThrows(() => machine.handleEnd(), MisuseError, "pollTransmit comes first");
  assertEquals(drain(machine), []);
  machine.handleEnd();
  assertEquals(drain(machine), [StreamEvent.Closed]);
});

Deno.test("stream: confirmations, timeouts and the loss of the link are legal while an event is held", () => {
  const machine = made();
  machine.outbox.offer(Uint8Array.of(1));
  drain(machine);
  receive(machine, frameOf(Uint8Array.of(1)));
  drain(machine);
  machine.handleTransmitted(5);
  machine.handleTimeout();
  machine.handleLinkLost("gone");
  assertEquals(drain(machine), [StreamEvent.Closed]);
});

Deno.test("stream: handleTransmitted refuses what was not lent, and more than was", () => {
  for (const handshake of [{ kind: "none" }, { kind: "announce", peerId: "a" }] as const) {
    const { machine } = makeMachine(new ManualScheduler(), { handshake });
    assertThrows(() => machine.handleTransmitted(0), MisuseError, "nothing is lent");
    if (handshake.kind === "none") machine.outbox.offer(Uint8Array.of(1));
    assertEquals(machine.pollTransmit(span), 5);
    assertEquals(machine.pollTransmit(span), 0);
    for (const count of [6, -1, NaN]) assertThrows(() => machine.handleTransmitted(count), RangeError);
    machine.handleTransmitted(5);
    assertThrows(() => machine.handleTransmitted(0), MisuseError, "nothing is lent");
  }
});

Deno.test("stream: handleReceived refuses more than was lent", () => {
  const machine = made();
  drain(machine);
  const { length } = machine.receiveSpan();
  assertThrows(() => machine.handleReceived(length + 1), RangeError);
});
