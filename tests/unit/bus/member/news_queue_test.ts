import { assertEquals } from "@std/assert";
import { MemberState } from "../../../../src/bus/member/bus_member.ts";
import { Member } from "../../../../src/bus/member/member.ts";
import { MemberTable } from "../../../../src/bus/member/member_table.ts";
import { NewsQueue } from "../../../../src/bus/member/news_queue.ts";
import { ByteWriter } from "../../../../src/bytes/byte_writer.ts";

function member(fill: number, state: MemberState = MemberState.Failed): Member {
  const made = new Member(new Uint8Array(16).fill(fill), new Uint8Array(16).fill(fill));
  made.state = state;
  return made;
}

Deno.test("NewsQueue.fill() sends what was sent least first, each piece as often as the mesh needs", () => {
  const news = new NewsQueue(2);
  const memory = new Uint8Array(45);
  const next = (): number => {
    const writer = new ByteWriter(memory);
    news.fill(writer);
    return writer.offset === 0 ? 0 : memory[1]!;
  };
  news.scaleTo(1);
  news.pushState(member(1));
  news.pushState(member(2));
  assertEquals([next(), next()], [1, 2]);
  news.pushState(member(3));
  assertEquals([next(), next(), next(), next(), next()].sort(), [0, 1, 2, 3, 3]);
  assertEquals(news.size, 0);
  news.scaleTo(100);
  news.pushState(member(4));
  assertEquals([1, 2, 3, 4, 5, 6, 7].map(next), [4, 4, 4, 4, 4, 4, 0]);
});

Deno.test("MemberTable gives the place of the one that was lost longest ago", () => {
  const table = new MemberTable(3);
  const [a, b, c] = [member(1), member(2), member(3, MemberState.Alive)];
  a.diedAt = 20;
  b.diedAt = 10;
  for (const each of [a, b, c]) table.add(each);
  assertEquals([table.hasRoomFor(member(4).nodeBytes), table.oldestLost()], [true, b]);
  table.remove(b);
  assertEquals([table.oldestLost(), table.find(b.nodeBytes, 0), table.at(1)], [undefined, undefined, undefined]);
  for (const each of [member(5, MemberState.Alive)]) table.add(each);
  table.move(a, MemberState.Alive);
  assertEquals([table.present.length, table.lost.length, table.hasRoomFor(member(6).nodeBytes)], [3, 0, false]);
});
