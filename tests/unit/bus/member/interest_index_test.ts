import { assertEquals } from "@std/assert";
import type { BusMember } from "../../../../src/bus/member/bus_member.ts";
import { InterestIndex } from "../../../../src/bus/member/interest_index.ts";
import type { InterestLists } from "../../../../src/bus/member/interest_list.ts";
import { Member } from "../../../../src/bus/member/member.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

Deno.test("InterestIndex answers like a walk over all lists", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const word = (): string => Array.from({ length: random.nextInt(4) }, () => "ab."[random.nextInt(3)]).join("");
    const members = Array.from({ length: 6 }, (_, i) => new Member(new Uint8Array(16).fill(i), new Uint8Array(16)));
    const lists = new Map<Member, InterestLists>();
    const index = new InterestIndex();
    const into: BusMember[] = [];
    for (let step = 0; step < 60; step++) {
      const member = members[random.nextInt(6)]!;
      if (random.nextInt(4) === 0) {
        lists.delete(member);
        index.replace(member, undefined);
      } else {
        const draw = (): string[] => Array.from({ length: random.nextInt(4) }, word);
        const next: InterestLists = [draw(), draw(), draw()];
        lists.set(member, next);
        index.replace(member, next);
      }
      const topic = word();
      const wanted = members.filter((m) => {
        const [topics = [], prefixes = []] = lists.get(m) ?? [];
        return topics.includes(topic) || prefixes.some((prefix) => topic.startsWith(prefix));
      });
      const handled = members.filter((m) => lists.get(m)?.[2].includes(topic));
      const found = into.slice(0, index.interestedIn(topic, into)).map(({ nodeId }) => nodeId).sort();
      assertEquals(found, wanted.map(({ nodeId }) => nodeId), `seed ${seed}, topic "${topic}"`);
      const handlers = into.slice(0, index.handlersOf(topic, into)).map(({ nodeId }) => nodeId).sort();
      assertEquals(handlers, handled.map(({ nodeId }) => nodeId), `seed ${seed}, command "${topic}"`);
    }
  }
});

Deno.test("InterestIndex.epoch grows with each change and only then", () => {
  const index = new InterestIndex();
  const member = new Member(new Uint8Array(16), new Uint8Array(16));
  index.replace(member, undefined);
  assertEquals(index.epoch, 0);
  index.replace(member, [["a"], [], []]);
  assertEquals(index.epoch, 1);
});
