import { assertEquals, assertThrows } from "@std/assert";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { TransferTurns } from "../../../src/runtime/asset_turns.ts";

/** Takes turns, and tells in which order they came. */
async function order(turns: TransferTurns, asked: readonly [number, string][], leave: readonly number[]) {
  const came: (number | string)[] = [];
  for (const [id, peer] of asked) void turns.take(id, peer).then((isTurn) => came.push(isTurn ? id : `not ${id}`));
  for (const id of leave) {
    await Promise.resolve();
    turns.leave(id);
  }
  for (let i = 0; i < 3; i++) await Promise.resolve();
  return came;
}

Deno.test("take() gives turns up to the limit, then in order", async () => {
  const turns = new TransferTurns(2, 2, 9);
  assertEquals(await order(turns, [[1, ""], [2, ""], [3, ""], [4, ""]], [2, 1]), [1, 2, 3, 4]);
  assertEquals(turns.activeCount, 2);
});

Deno.test("take() passes over a peer that has its share, and comes back to it", async () => {
  const turns = new TransferTurns(3, 1, 9);
  assertEquals(await order(turns, [[1, "a"], [2, "a"], [3, "b"], [4, ""]], []), [1, 3, 4]);
  turns.leave(3);
  assertEquals(turns.activeCount, 2);
  turns.leave(1);
  assertEquals(turns.activeCount, 2);
});

Deno.test("leave() ends the wait of one that waits, and gives no turn twice", async () => {
  const turns = new TransferTurns(1, 1, 9);
  assertEquals(await order(turns, [[1, ""], [2, ""], [3, ""]], [2, 1, 1]), [1, "not 2", 3]);
  assertEquals(turns.activeCount, 1);
});

Deno.test("checkRoom() refuses what would wait beyond the limit", () => {
  const turns = new TransferTurns(1, 1, 1);
  turns.checkRoom();
  void turns.take(1, "");
  turns.checkRoom();
  void turns.take(2, "");
  assertThrows(() => turns.checkRoom(), ResourceError, "1 run and 1 wait");
});
