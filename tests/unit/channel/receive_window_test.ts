import { assertEquals } from "@std/assert";
import { InMessage } from "../../../src/channel/in_message.ts";
import { ID_WINDOW } from "../../../src/channel/out_channel.ts";
import { IdState, ReceiveWindow } from "../../../src/channel/receive_window.ts";

Deno.test("a ReceiveWindow grows with the ids that come and gives its memory back", () => {
  const window = new ReceiveWindow(-3);
  assertEquals([window.size, window.state(5), window.ahead(-4)], [0, IdState.Missing, -1]);
  const message = new InMessage();
  window.set(-2, IdState.Complete, message);
  window.set(0, IdState.Settled, undefined);
  assertEquals([window.size, window.count], [16, 2]);
  window.set(-3 + ID_WINDOW - 1, IdState.Partial, message);
  assertEquals(window.size, ID_WINDOW);
  assertEquals([-3, -2, -1, 0].map((id) => window.state(id)), [
    IdState.Missing,
    IdState.Complete,
    IdState.Missing,
    IdState.Settled,
  ]);
  assertEquals(window.message(-2) === message && window.message(ID_WINDOW - 4) === message, true);
  for (let i = 0; i < ID_WINDOW; i++) window.step();
  assertEquals([window.size, window.count, window.low], [0, 0, ID_WINDOW - 3]);
});
