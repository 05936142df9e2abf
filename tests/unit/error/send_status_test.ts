import { assertEquals } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";

Deno.test("SendStatus keeps its numbers", () => {
  assertEquals({ ...SendStatus }, { Queued: 0, BackPressured: 1, NotConnected: 2, Closed: 3, TooLarge: 4, Dropped: 5 });
});
