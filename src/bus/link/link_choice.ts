/**
 * Which of two links between the same two nodes stays (../LINKS.md, "Two links"): both ends come to the same answer
 * without asking, and no message is lost, because none travels before both have decided.
 *
 * Two dials that cross: the dial of the lower node id stays. A dial is in this contest once its peer has answered the
 * handshake; one that hangs cannot keep a link out. Everything later replaces what was before, unless it is a dial that
 * the peer had already given up when it admitted the present link: the numbers of its dials tell.
 *
 * @module
 */
import { LinkState, type NodeLinkMachine } from "./node_link_machine.ts";

/** What to do with a link that greets. */
export const LinkVerdict = {
  /** `admit` it: there is no other. */
  Admit: 0,
  /** `abort` the present link with `Superseded`, then `admit` this one with the same queue. */
  Replace: 1,
  /** `refuse` it with `Superseded`: the present link, or the dial that is under way, stays. */
  Refuse: 2,
} as const;

/** One of the values of {@linkcode LinkVerdict}. */
export type LinkVerdict = (typeof LinkVerdict)[keyof typeof LinkVerdict];

/**
 * Decides on a link whose peer was greeted.
 *
 * @param selfId The node id of this end as 32 hexadecimal digits.
 * @param present The link to the same node that is open or being dialled; `undefined` for none.
 * @param newcomer The link that greets.
 * @returns What to do.
 */
export function decideLink(
  selfId: string,
  present: NodeLinkMachine | undefined,
  newcomer: NodeLinkMachine,
): LinkVerdict {
  const peer = newcomer.peer;
  const other = present?.peer;
  if (present === undefined || present === newcomer || peer === undefined) return LinkVerdict.Admit;
  if (present.state === LinkState.Closed || present.state === LinkState.Closing) return LinkVerdict.Replace;
  // The peer has just admitted this dial: whatever else there was, it has given up.
  if (newcomer.isDialer || other === undefined || other.bootId !== peer.bootId) return LinkVerdict.Replace;
  if (present.state !== LinkState.Open) {
    return present.isDialer && selfId < peer.nodeId ? LinkVerdict.Refuse : LinkVerdict.Replace;
  }
  return peer.dials > other.dials ? LinkVerdict.Replace : LinkVerdict.Refuse;
}
