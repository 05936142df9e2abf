/**
 * Events: to the handlers of this process by reference, to other nodes as records.
 *
 * Order: what one node publishes reaches every handler in the order of its `publish` calls; a handler that publishes
 * does so behind the event that it is handling. An event is encoded before a handler of this process can touch its
 * value, and once for all nodes.
 *
 * @module
 */
import { BusCounter } from "../bus/dispatch/bus_counters.ts";
import type { BusRecord } from "../bus/dispatch/bus_record.ts";
import { type BusScope, SCOPE_CODES } from "../bus/dispatch/bus_scope.ts";
import type { EventDefinition } from "../bus/dispatch/definition.ts";
import { checkValue, type StandardSchema, validate } from "../bus/dispatch/standard_schema.ts";
import { SubscriptionTable } from "../bus/dispatch/subscription_table.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { FabricNode, RoomWait } from "../transport/bus_fabric.ts";
import type { PublishOptions } from "./bus_calls.ts";
import type { BusContext } from "./bus_context.ts";
import type { EventContext, EventFunction } from "./bus_handlers.ts";
import { BusInbox, type InboxOwner } from "./bus_inbox.ts";
import { waitForRoom } from "./bus_wait.ts";

const DONE: Promise<void> = Promise.resolve();
/** How many events may wait for a handler that publishes while it handles. */
const MAX_NESTED_COUNT = 65_536;

/** One subscription. */
interface Subscriber {
  readonly inbox: BusInbox;
  readonly schema: StandardSchema | undefined;
}

interface Nested {
  readonly list: readonly Subscriber[];
  readonly value: unknown;
  readonly context: EventContext;
}

/** Publishes and delivers events. */
export class BusEvents implements InboxOwner {
  readonly #core: BusContext;
  readonly #table = new SubscriptionTable<Subscriber>();
  readonly #nested: Nested[] = [];
  #isDelivering = false;

  /** @param core What the dispatchers share. */
  constructor(core: BusContext) {
    this.#core = core;
  }

  /**
   * Subscribes.
   *
   * @param pattern A checked pattern.
   * @param schema Checks values that come from other nodes.
   * @param handler The application's function.
   * @returns Ends the subscription; a second call does nothing.
   */
  subscribe(pattern: string, schema: StandardSchema | undefined, handler: EventFunction<unknown>): () => void {
    this.#core.checkOpen();
    const inbox = new BusInbox(handler, this.#core.config.maxHandlerBacklogCount, this);
    const subscriber: Subscriber = { inbox, schema };
    if (this.#table.size >= this.#core.config.maxSubscriptionCount) {
      throw new ResourceError(`Cannot subscribe ${pattern}: this bus has ${this.#table.size} subscriptions`);
    }
    const end = (): void => {
      if (this.#table.remove(pattern, subscriber)) this.#core.setInterest("event", pattern, false);
      inbox.close();
    };
    if (!this.#table.add(pattern, subscriber)) return end;
    try {
      this.#core.setInterest("event", pattern, true);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /** The patterns that are subscribed. */
  patterns(): IterableIterator<string> {
    return this.#table.patterns();
  }

  /**
   * Publishes.
   *
   * @param definition Which event.
   * @param value Its value.
   * @param options How.
   * @returns When it is queued for every node that wants it.
   */
  publish(definition: EventDefinition<unknown>, value: unknown, options: PublishOptions | undefined): Promise<void> {
    const core = this.#core;
    core.checkOpen();
    options?.signal?.throwIfAborted();
    const { schema, topic } = definition;
    if (schema !== undefined) checkValue(schema, value, `the event ${topic}`);
    const scope = options?.scope ?? core.fabrics.widest;
    core.count(BusCounter.EventsPublished);
    let wait: RoomWait | undefined;
    if (scope !== "local") {
      const fabric = core.fabrics.of(scope);
      if (fabric.subscriberCount(topic, scope) > 0) {
        const length = core.writer.event(SCOPE_CODES[scope], topic, value);
        wait = fabric.publish(scope, topic, core.writer.buffer, length);
      }
    }
    const list = options?.toSelf === false ? undefined : this.#table.match(topic);
    const full = list === undefined || list.length === 0
      ? undefined
      : this.#deliver(list, value, { topic, from: core.self.info });
    if (wait === undefined && full === undefined) return DONE;
    return this.#wait(topic, wait, full, options);
  }

  /**
   * How many nodes subscribe a topic, this one included.
   *
   * @param topic The topic.
   * @param scope Where to look; `undefined` for the widest scope.
   * @returns How many are known.
   */
  subscriberCount(topic: string, scope: BusScope | undefined): number {
    const { fabrics } = this.#core;
    const where = scope ?? fabrics.widest;
    const own = this.#table.match(topic).length > 0 ? 1 : 0;
    return own + (where === "local" ? 0 : fabrics.of(where).subscriberCount(topic, where));
  }

  /**
   * An event came from another node.
   *
   * @param from Which.
   * @param record The record, as it was read.
   * @param buffer Where it lies.
   * @param end Where it ends.
   */
  handleEvent(from: FabricNode, record: BusRecord, buffer: Uint8Array, end: number): void {
    const core = this.#core;
    const list = this.#table.match(record.name);
    core.count(BusCounter.EventsReceived);
    if (list.length === 0) return core.count(BusCounter.EventsUnwanted);
    if (!core.codec.decode(record.encoding, buffer, record.start, end)) return core.count(BusCounter.ValuesRefused);
    const { value } = core.codec;
    this.#deliver(list, value, { topic: record.name, from: from.info }, true);
  }

  handled(): void {
    this.#core.count(BusCounter.EventsHandled);
  }

  failed(error: unknown): void {
    this.#core.count(BusCounter.EventHandlersFailed);
    this.#core.report(error);
  }

  /** Nothing is handled any more. */
  close(): void {
    for (const pattern of [...this.#table.patterns()]) {
      for (const { inbox } of this.#table.match(pattern)) inbox.close();
    }
    this.#nested.length = 0;
  }

  /** @returns The inboxes that had no room for an event of this process. */
  #deliver(
    list: readonly Subscriber[],
    value: unknown,
    context: EventContext,
    isRemote = false,
  ): RoomWait[] | undefined {
    if (this.#isDelivering) {
      if (this.#nested.length < MAX_NESTED_COUNT) this.#nested.push({ list, value, context });
      else this.#core.count(BusCounter.EventsDroppedBySlowHandlers);
      return undefined;
    }
    this.#isDelivering = true;
    const full = this.#offer(list, value, context, isRemote);
    if (this.#nested.length > 0) this.#deliverNested();
    this.#isDelivering = false;
    return full;
  }

  #deliverNested(): void {
    for (let i = 0; i < this.#nested.length; i++) {
      const { list, value, context } = this.#nested[i]!;
      this.#offer(list, value, context, true);
    }
    this.#nested.length = 0;
  }

  #offer(
    list: readonly Subscriber[],
    value: unknown,
    context: EventContext,
    mayDrop: boolean,
  ): RoomWait[] | undefined {
    let full: RoomWait[] | undefined;
    for (let i = 0; i < list.length; i++) {
      const { inbox, schema } = list[i]!;
      const given = schema === undefined ? value : this.#validated(schema, value, context);
      if (given === REFUSED) continue;
      if (mayDrop) {
        if (!inbox.offer(given, context)) this.#core.count(BusCounter.EventsDroppedBySlowHandlers);
        continue;
      }
      const wait = inbox.offerOrWait(given, context);
      if (wait !== undefined) (full ??= []).push(wait);
    }
    return full;
  }

  #validated(schema: StandardSchema, value: unknown, context: EventContext): unknown {
    try {
      const { value: given, issue } = validate(schema, value);
      if (issue === undefined) return given;
    } catch (error) {
      this.#core.report(error);
    }
    this.#core.count(BusCounter.ValuesInvalid);
    this.#core.report(new TypeError(`An event ${context.topic} of ${context.from.name} is not valid`));
    return REFUSED;
  }

  #wait(
    topic: string,
    wait: RoomWait | undefined,
    full: RoomWait[] | undefined,
    options: PublishOptions | undefined,
  ): Promise<void> {
    const waits = full ?? [];
    if (wait !== undefined) waits.push(wait);
    const timeoutMs = options?.timeoutMs ?? this.#core.config.publishTimeoutMs;
    return waitForRoom(waits, `the event ${topic}`, timeoutMs, options?.signal, this.#core.scheduler);
  }
}

const REFUSED = Symbol("refused");
