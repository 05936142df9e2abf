/**
 * Runs the machine of membership on a UDP socket and the beacon (src/machine/CONTRACT.md).
 *
 * Invariant: the machine is drained after every input; a datagram for which the socket has no room is lost like one that
 * the network has lost, which gossip bears.
 *
 * @module
 */
import { GossipTransmit } from "../bus/member/gossip_transmit.ts";
import type { MemberEvent } from "../bus/member/member_event.ts";
import type { MembershipMachine } from "../bus/member/membership_machine.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { DatagramLink } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import type { BeaconOwner, BusBeacon } from "./bus_beacon.ts";

const MAX_DATAGRAM_BYTES = 1500;

/** Whom a gossip driver tells. */
export interface GossipOwner {
  /**
   * The membership changed; whose it is stands on the machine. Nothing of this may throw.
   *
   * @param event How.
   */
  handleMember(event: MemberEvent): void;
  /**
   * The socket broke.
   *
   * @param error Why.
   */
  handleGossipLost(error: Error): void;
}

/** Drives one node's membership. */
export class BusGossipDriver implements BeaconOwner {
  readonly #machine: MembershipMachine;
  readonly #scheduler: Scheduler;
  readonly #owner: GossipOwner;
  readonly #link: DatagramLink;
  readonly #gossipPort: number;
  readonly #alarm: Alarm;
  readonly #out = new GossipTransmit(new Uint8Array(MAX_DATAGRAM_BYTES));
  #beacon: BusBeacon | undefined = undefined;
  #isDraining = false;
  #isStopped = false;

  /**
   * @param machine The machine.
   * @param link The socket, not started.
   * @param gossipPort The port that others see datagrams come from.
   * @param scheduler Time.
   * @param owner Whom to tell.
   */
  constructor(
    machine: MembershipMachine,
    link: DatagramLink,
    gossipPort: number,
    scheduler: Scheduler,
    owner: GossipOwner,
  ) {
    this.#machine = machine;
    this.#link = link;
    this.#gossipPort = gossipPort;
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#alarm = scheduler.alarm(() => this.#handleAlarm());
  }

  /** Starts. */
  start(): void {
    const source = new DatagramAddress();
    this.#link.start({
      source,
      handleDatagram: (buffer, start, end) => this.handleAnnouncement(source, buffer, start, end),
      handleLost: (error) => {
        this.stop();
        this.#owner.handleGossipLost(error);
      },
    });
    this.drain();
  }

  /**
   * Takes a beacon for announcements.
   *
   * @param beacon The beacon.
   */
  useBeacon(beacon: BusBeacon): void {
    this.#beacon = beacon;
  }

  /** A datagram came, by the socket or the beacon. */
  handleAnnouncement(address: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    if (this.#isStopped) return;
    this.#scheduler.tick();
    if (!this.#machine.drained) this.drain();
    this.#machine.handleDatagram(address, buffer, start, end);
    this.drain();
  }

  /** Drains the machine: after every command. */
  drain(): void {
    if (this.#isDraining || this.#isStopped) return;
    this.#isDraining = true;
    const machine = this.#machine;
    let deadline: number;
    do {
      this.#transmit();
      deadline = machine.pollTimeout();
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        this.#owner.handleMember(event);
      }
    } while (!machine.drained);
    this.#isDraining = false;
    if (this.#isStopped) return;
    if (deadline === Infinity) this.#alarm.disarm();
    else this.#alarm.arm(deadline);
  }

  /** Stops: the machine is left alone from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#alarm.disarm();
  }

  #transmit(): void {
    const out = this.#out;
    for (let length = this.#machine.pollTransmit(out); length > 0; length = this.#machine.pollTransmit(out)) {
      const end = out.offset + length;
      if (out.isAnnouncement) this.#beacon?.announce(this.#gossipPort, out.buffer, out.offset, end);
      else this.#link.send(out.buffer, out.offset, end, out.address);
    }
  }

  #handleAlarm(): void {
    if (this.#isStopped) return;
    this.#scheduler.tick();
    this.#machine.handleTimeout();
    this.drain();
  }
}
