/**
 * Writes what this node thinks of a member as statements.
 *
 * Invariant: a statement is written as a whole or not at all.
 *
 * @module
 */
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { MemberState } from "./bus_member.ts";
import { INTEREST_HEADER_BYTES, MAX_INLINE_INTEREST_BYTES, StatementKind, VERDICT_BYTES } from "./gossip_wire.ts";
import type { Member } from "./member.ts";

/**
 * Writes the state of a member: its record while it is alive, otherwise the verdict on it.
 *
 * @param writer Where to.
 * @param member The member.
 * @returns Whether there was room.
 */
export function writeNews(writer: ByteWriter, member: Member): boolean {
  return member.state === MemberState.Alive ? writeRecord(writer, member) : writeVerdict(writer, member);
}

/**
 * Writes all that is known of a member, for one that may know nothing.
 *
 * @param writer Where to.
 * @param member The member.
 * @returns Whether there was room.
 */
export function writeAll(writer: ByteWriter, member: Member): boolean {
  if (!member.isPresent) return writeVerdict(writer, member);
  const isSuspect = member.state === MemberState.Suspect;
  const bytes = 3 + member.record.length + (isSuspect ? VERDICT_BYTES : 0) + inlineBytes(member);
  if (writer.remaining < bytes) return false;
  writeRecord(writer, member);
  if (isSuspect) writeVerdict(writer, member);
  if (inlineBytes(member) > 0) writeInterest(writer, member);
  return true;
}

/**
 * Writes the record of a member.
 *
 * @param writer Where to.
 * @param member The member; where it has none yet, nothing is written.
 * @returns Whether there was room.
 */
export function writeRecord(writer: ByteWriter, member: Member): boolean {
  const { record } = member;
  if (record.length === 0) return true;
  if (writer.remaining < 3 + record.length) return false;
  writer.writeUint8(StatementKind.Alive);
  writer.writeUint16(record.length);
  writer.writeBytes(record);
  return true;
}

/**
 * Writes the interest of a member.
 *
 * @param writer Where to.
 * @param member The member; where its list is too long to travel so, nothing is written.
 * @returns Whether there was room.
 */
export function writeInterest(writer: ByteWriter, member: Member): boolean {
  const bytes = inlineBytes(member);
  if (bytes === 0) return true;
  if (writer.remaining < bytes) return false;
  writer.writeUint8(StatementKind.Interest);
  writer.writeBytes(member.nodeBytes);
  writer.writeBytes(member.bootId.subarray(0, 8));
  writer.writeUint32(member.interestVersion);
  writer.writeUint16(member.interestBytes.length);
  writer.writeBytes(member.interestBytes);
  return true;
}

function writeVerdict(writer: ByteWriter, member: Member): boolean {
  if (writer.remaining < VERDICT_BYTES) return false;
  const { state } = member;
  writer.writeUint8(
    state === MemberState.Suspect
      ? StatementKind.Suspect
      : state === MemberState.Failed
      ? StatementKind.Failed
      : StatementKind.Left,
  );
  writer.writeBytes(member.nodeBytes);
  writer.writeBytes(member.bootId.subarray(0, 8));
  writer.writeUint32(member.incarnation);
  writer.writeBytes(member.accuser.length === 16 ? member.accuser : member.nodeBytes);
  return true;
}

function inlineBytes(member: Member): number {
  const { length } = member.interestBytes;
  if (member.interestVersion === 0 || length > MAX_INLINE_INTEREST_BYTES) return 0;
  return INTEREST_HEADER_BYTES + length;
}
