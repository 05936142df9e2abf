/**
 * What a scenario of the demo is: the two halves of one row of the table.
 *
 * The serving half runs in the listening process, the driving half in client processes of its own. Either one tells
 * afterwards what it sent or what it received and verified; the row is good when both accounts are equal.
 *
 * @module
 */
import type { Account } from "./account.ts";

/** What a run does wrong on purpose, to prove that the demo notices: see `--corrupt` and `--lose`. */
export type Fault = "none" | "corrupt" | "lose";

/** What both halves of a run know. */
export interface Setting {
  /** Where to listen, or where to connect to. */
  readonly hostname: string;
  /** The port to connect to; to listen on: 0 takes a free one. */
  readonly port: number;
  /** What all generated contents follow from. */
  readonly seed: number;
  /** How long is sent, in ms. */
  readonly runMs: number;
  /** What the sender of stream 0 does wrong. */
  readonly fault: Fault;
}

/** What a client process knows besides. */
export interface ClientSetting extends Setting {
  /** Which client it is, from 0. */
  readonly client: number;
}

/** The serving half while it runs. */
export interface Service {
  /** The port that it listens on. */
  readonly port: number;
  /** Waits until all clients have ended their connections, stops, and gives account. */
  finish(): Promise<Account>;
}

/** One row of the table; a new transport is a new file with one of these, and a line in `catalogue.ts`. */
export interface Scenario {
  /** The name that the halves know it by, and `--only`. */
  readonly name: string;
  /** The name in the table. */
  readonly transport: string;
  /** How many client processes drive it at once. */
  readonly clientCount: number;

  /**
   * Starts the serving half.
   *
   * @param setting What to listen on and what to expect.
   * @returns The running service.
   */
  serve(setting: Setting): Promise<Service>;

  /**
   * Runs the driving half from connecting to closing.
   *
   * @param setting Where to connect to and what to send.
   * @param watch Takes a function that tells how many messages went so far, for the progress line.
   * @returns The account.
   */
  drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account>;
}
