import { assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { DrainGuard } from "../../../src/machine/drain_guard.ts";

type Call = "input" | "command" | "transmit" | "timeout" | "event" | "noEvent";

function play(guard: DrainGuard, calls: readonly Call[]): void {
  for (const call of calls) {
    if (call === "input") guard.input("handleReceived");
    else if (call === "command") guard.command();
    else if (call === "transmit") guard.transmitDrained();
    else if (call === "timeout") guard.timeoutPolled();
    else if (call === "event") guard.eventPolled();
    else guard.eventsDrained();
  }
}

const round: readonly Call[] = ["transmit", "timeout", "event", "noEvent"];

Deno.test("DrainGuard lets inputs pass that follow whole rounds", () => {
  const guard = new DrainGuard();
  play(guard, ["input", ...round, "input", ...round, "command", ...round, "event", "timeout", "transmit", "input"]);
});

const wrong: readonly (readonly [string, readonly Call[]])[] = [
  ["an input right after an input", ["input", "input"]],
  ["an input after the transmits", ["input", "transmit", "input"]],
  ["an input after the timeout", ["input", "transmit", "timeout", "input"]],
  ["an input before the last event", ["input", "transmit", "timeout", "event", "input"]],
  ["the timeout before the transmits", ["input", "timeout"]],
  ["an event before the transmits", ["input", "event"]],
  ["an event before the timeout", ["input", "transmit", "event"]],
  ["an input after a command", ["command", "input"]],
  ["an event after a command", ["command", "event"]],
  ["an input after a command in the middle of the events", [
    "input",
    "transmit",
    "timeout",
    "event",
    "command",
    "event",
    "noEvent",
    "input",
  ]],
  ["an input after half a round behind such a command", [
    "input",
    "transmit",
    "timeout",
    "event",
    "command",
    "transmit",
    "event",
    "noEvent",
    "transmit",
    "input",
  ]],
];

for (const [name, calls] of wrong) {
  Deno.test(`DrainGuard throws MisuseError at ${name}`, () => {
    const guard = new DrainGuard();
    play(guard, calls.slice(0, -1));
    assertThrows(() => play(guard, calls.slice(-1)), MisuseError, "comes first");
  });
}

Deno.test("DrainGuard.command() in the middle of the events leaves the rest of them legal", () => {
  const guard = new DrainGuard();
  play(guard, ["input", "transmit", "timeout", "event", "command", "event", "noEvent", ...round, "input"]);
});

Deno.test("DrainGuard counts a round that was begun again in the middle of the events", () => {
  const guard = new DrainGuard();
  play(guard, ["input", "transmit", "timeout", "event", "command", "transmit", "timeout", "event", "noEvent", "input"]);
});
