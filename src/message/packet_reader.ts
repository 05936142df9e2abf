/**
 * The receiving half of a message machine: takes one packet apart, judges it, and unpacks its payload.
 *
 * Invariants: bytes of a peer never throw here; nothing larger than `maxPayloadBytes` is allocated; what is lent lies in
 * the memory that the packet came in, or in memory of its own where the payload was compressed.
 *
 * @module
 */
import {
  MESSAGE_HEADER_BYTES,
  MessageCompression,
  MessageFlag,
  MessageHeader,
  MessageHeaderFault,
  messageHeaderFault,
  messagePacketBytes,
} from "../wire/message_packet.ts";
import { ControlList } from "./control_list.ts";
import { MessageCounter } from "./message_counters.ts";
import type { MessageConfig } from "./message_options.ts";
import type { PayloadCompression } from "./payload_compression.ts";

/** What is wrong with a packet: the counter under which that is counted; -1: nothing. */
export type PacketFault = MessageCounter | -1;

const NOTHING = new Uint8Array(0);

/** What a peer did, by the counter under which it is counted. */
const FAULT_TEXTS: ReadonlyMap<MessageCounter, string> = new Map<MessageCounter, string>([
  [MessageCounter.BadVersion, "a packet of another version"],
  [MessageCounter.BadCompression, "a payload with an unknown compression"],
  [MessageCounter.BadType, "a packet of an unknown type, or a request with the id 0"],
  [MessageCounter.BadLength, "a packet whose lengths do not add up"],
  [MessageCounter.BadPayload, "a payload that does not unpack to at most maxPayloadBytes"],
  [MessageCounter.TooLarge, "a larger payload than maxPayloadBytes"],
  [MessageCounter.BadControl, "a control list that is none"],
]);

/**
 * A fault in words.
 *
 * @param fault The fault.
 * @returns A sentence without a full stop.
 */
export function packetFaultText(fault: MessageCounter): string {
  return `The peer sent ${FAULT_TEXTS.get(fault) ?? "a packet that breaks the format"}`;
}

/** Takes packets apart, one at a time; its fields are those of the last one. */
export class PacketReader {
  /** The header. */
  readonly header: MessageHeader = new MessageHeader();
  /** The control list; empty without one. */
  readonly control: ControlList = new ControlList();
  /** Whether the sender has shown that it understands control. */
  understandsControl = false;
  /** Whether there is a control list. */
  hasControl = false;
  /** The memory in which the payload lies. */
  payloadBuffer: Uint8Array = NOTHING;
  /** Where it starts there. */
  payloadOffset = 0;
  /** How long it is. */
  payloadBytes = 0;
  /** The memory in which the application's extension header lies. */
  extensionBuffer: Uint8Array = NOTHING;
  /** Where it starts there. */
  extensionOffset = 0;
  /** How long it is. */
  extensionBytes = 0;
  readonly #config: MessageConfig;
  readonly #compressions: readonly PayloadCompression[];

  /**
   * @param config The checked options.
   * @param compressions The known ways of compressing.
   */
  constructor(config: MessageConfig, compressions: readonly PayloadCompression[]) {
    this.#config = config;
    this.#compressions = compressions;
  }

  /**
   * Takes a packet apart.
   *
   * @param buffer Where it lies; borrowed for as long as the fields are used.
   * @param offset Where it starts.
   * @param length How long it is, by the link's own framing.
   * @returns What is wrong with it.
   */
  read(buffer: Uint8Array, offset: number, length: number): PacketFault {
    if (length < MESSAGE_HEADER_BYTES) return MessageCounter.BadLength;
    const { header } = this;
    const fault = header.decode(buffer, offset);
    if (fault !== MessageHeaderFault.None) return headerFault(fault);
    if (messagePacketBytes(buffer, offset) !== length) return MessageCounter.BadLength;
    if (header.payloadBytes > this.#config.maxPayloadBytes) return MessageCounter.TooLarge;
    this.extensionBuffer = buffer;
    this.extensionOffset = offset + MESSAGE_HEADER_BYTES;
    this.extensionBytes = header.extensionBytes;
    this.payloadBuffer = buffer;
    this.payloadOffset = this.extensionOffset + header.extensionBytes;
    this.payloadBytes = header.payloadBytes;
    this.understandsControl = this.#config.control && (header.flags & MessageFlag.UnderstandsControl) !== 0;
    this.hasControl = this.understandsControl && (header.flags & MessageFlag.Control) !== 0;
    return this.hasControl ? this.#readControl(buffer) : -1;
  }

  /**
   * Unpacks the payload where it is compressed.
   *
   * @returns What is wrong with it.
   */
  unpack(): PacketFault {
    const { compression } = this.header;
    if (compression === MessageCompression.None) return -1;
    const known = this.#compressions.find((one) => one.code === compression);
    if (known === undefined) return MessageCounter.BadCompression;
    const packed = this.payloadBuffer.subarray(this.payloadOffset, this.payloadOffset + this.payloadBytes);
    const payload = known.decompress(packed, this.#config.maxPayloadBytes);
    if (payload === undefined || payload.length > this.#config.maxPayloadBytes) return MessageCounter.BadPayload;
    this.payloadBuffer = payload;
    this.payloadOffset = 0;
    this.payloadBytes = payload.length;
    return -1;
  }

  /** The payload as a view, valid as long as the memory is. */
  payload(): Uint8Array {
    const { payloadBuffer: from } = this;
    return new Uint8Array(from.buffer, from.byteOffset + this.payloadOffset, this.payloadBytes);
  }

  /** The extension header as a view, valid as long as the memory is. */
  extension(): Uint8Array {
    const { extensionBuffer: from } = this;
    return new Uint8Array(from.buffer, from.byteOffset + this.extensionOffset, this.extensionBytes);
  }

  #readControl(buffer: Uint8Array): PacketFault {
    const { control, extensionOffset } = this;
    if (!control.decode(buffer, extensionOffset, extensionOffset + this.extensionBytes)) {
      return MessageCounter.BadControl;
    }
    this.extensionOffset = control.extensionOffset;
    this.extensionBytes = control.extensionBytes;
    return -1;
  }
}

/**
 * Under what a packet is counted that the link's own framing has refused.
 *
 * @param isTooLarge Whether that was for its length.
 * @param buffer Where its header lies.
 * @param at Where it starts.
 * @returns The counter.
 */
export function refusedPacketFault(isTooLarge: boolean, buffer: Uint8Array, at: number): MessageCounter {
  if (isTooLarge) return MessageCounter.TooLarge;
  return headerFault(messageHeaderFault(buffer, at)) as MessageCounter;
}

function headerFault(fault: MessageHeaderFault): PacketFault {
  if (fault === MessageHeaderFault.Version) return MessageCounter.BadVersion;
  return fault === MessageHeaderFault.Type ? MessageCounter.BadType : MessageCounter.BadCompression;
}
