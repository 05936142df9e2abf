/**
 * What is sent by channels of one lane, and small messages of an unreliable one, share the line.
 *
 * @module
 */
import { assert } from "@std/assert";
import { SessionEvent } from "../../src/session/session_event.ts";
import { numbered, Sim } from "./session_bench.ts";

Deno.test("reliable: small unreliable messages and those of lanes share what pace and window let through", () => {
  const sim = new Sim({ delayMs: 20, bytesPerSecond: 200_000, queueBytes: 8000 }, {}, 6);
  const { client, end } = sim.connect();
  const counts = [0, 0, 0, 0];
  sim.server.onEvent = (event) => {
    if (event === SessionEvent.Message) counts[sim.server.endpoint.messageChannel]!++;
  };
  for (let ms = 0; ms < 5000; ms++) {
    for (const channel of [0, 1, 2]) client.send(channel, numbered(ms, 1000));
    end.pump();
    sim.scheduler.advance(1);
  }
  for (const channel of [0, 1, 2]) assert(counts[channel]! > 150, `channel ${channel}: ${counts[channel]}`);
});
