/**
 * Which members want a topic and which handle a command.
 *
 * Exact: a topic is looked up by name, and each of its beginnings that is as long as some prefix in use. Why no trie of
 * characters: its nodes would take a hundred times the memory of the names, which others choose; here it is one entry a
 * name, and a lookup is one map access for each length in use. Invariant: the same answers as a walk over all lists.
 *
 * @module
 */
import type { BusMember } from "./bus_member.ts";
import type { InterestLists } from "./interest_list.ts";
import type { Member } from "./member.ts";

type NameMap = Map<string, Member[]>;

/** The interest of all members that are present. */
export class InterestIndex {
  /** Grows with every change. */
  epoch = 0;
  readonly #maps: readonly [NameMap, NameMap, NameMap] = [new Map(), new Map(), new Map()];
  /** How many different prefixes there are of each length. */
  readonly #prefixesOfLength = new Map<number, number>();
  #lengths: number[] = [];
  #mark = 0;

  /**
   * Puts the lists of a member in place of those that it had.
   *
   * @param member The member.
   * @param lists Its lists; `undefined` when it is gone.
   */
  replace(member: Member, lists: InterestLists | undefined): void {
    if (member.interest === lists) return;
    member.interest?.forEach((names, i) => names.forEach((name) => this.#remove(i, name, member)));
    lists?.forEach((names, i) => names.forEach((name) => this.#add(i, name, member)));
    member.interest = lists;
    this.epoch++;
  }

  /**
   * The members that want a topic, each once.
   *
   * @param topic The topic.
   * @param into Filled from the start; not shortened.
   * @returns How many.
   */
  interestedIn(topic: string, into: BusMember[]): number {
    const [topics, prefixes] = this.#maps;
    const mark = ++this.#mark;
    let count = take(topics.get(topic), into, 0, mark);
    for (const length of this.#lengths) {
      if (length > topic.length) break;
      count = take(prefixes.get(topic.slice(0, length)), into, count, mark);
    }
    return count;
  }

  /**
   * The members that handle a command.
   *
   * @param command The command.
   * @param into Filled from the start; not shortened.
   * @returns How many.
   */
  handlersOf(command: string, into: BusMember[]): number {
    return take(this.#maps[2].get(command), into, 0, ++this.#mark);
  }

  #add(kind: number, name: string, member: Member): void {
    const map = this.#maps[kind]!;
    const members = map.get(name);
    if (members !== undefined) {
      if (!members.includes(member)) members.push(member);
      return;
    }
    map.set(name, [member]);
    if (kind === 1) this.#countPrefix(name.length, 1);
  }

  #remove(kind: number, name: string, member: Member): void {
    const map = this.#maps[kind]!;
    const members = map.get(name);
    const at = members?.indexOf(member) ?? -1;
    if (members === undefined || at < 0) return;
    members.splice(at, 1);
    if (members.length > 0) return;
    map.delete(name);
    if (kind === 1) this.#countPrefix(name.length, -1);
  }

  #countPrefix(length: number, by: number): void {
    const count = (this.#prefixesOfLength.get(length) ?? 0) + by;
    if (count > 0) this.#prefixesOfLength.set(length, count);
    else this.#prefixesOfLength.delete(length);
    if (count === 0 || count === by) this.#lengths = [...this.#prefixesOfLength.keys()].sort((a, b) => a - b);
  }
}

function take(members: readonly Member[] | undefined, into: BusMember[], count: number, mark: number): number {
  if (members === undefined) return count;
  for (const member of members) {
    if (member.mark === mark) continue;
    member.mark = mark;
    into[count++] = member;
  }
  return count;
}
