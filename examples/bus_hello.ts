/**
 * Events and commands with handler classes and a registration call: the first example of Faster.MessageBus.
 *
 *     deno run examples/bus_hello.ts
 *
 * @module
 */
import { type CommandHandler, defineCommand, defineEvent, type EventHandler, MessageBus } from "@ringwire/ringwire/bus";

interface UserCreatedEvent {
  readonly userId: string;
  readonly userName: string;
}
interface SubmitOrderCommand {
  readonly orderId: string;
  readonly customerName: string;
  readonly quantity: number;
  readonly product: string;
}
interface PingCommand {
  readonly correlationId: string;
  readonly message: string;
}

const UserCreated = defineEvent<UserCreatedEvent>("user.created");
const SubmitOrder = defineCommand<SubmitOrderCommand>("order.submit");
const Ping = defineCommand<PingCommand, string>("ping");

class UserCreatedEventHandler implements EventHandler<UserCreatedEvent> {
  readonly handles = UserCreated;
  handle({ userId, userName }: UserCreatedEvent): void {
    console.log(`New user created! ID: ${userId}, Name: ${userName}`);
  }
}

class SubmitOrderCommandHandler implements CommandHandler<SubmitOrderCommand> {
  readonly handles = SubmitOrder;
  handle({ orderId, customerName, quantity, product }: SubmitOrderCommand): Promise<void> {
    console.log(`Processing order ${orderId} for ${customerName}: ${quantity} x ${product}`);
    return Promise.resolve();
  }
}

class PongCommandHandler implements CommandHandler<PingCommand, string> {
  readonly handles = Ping;
  handle({ correlationId, message }: PingCommand): Promise<string> {
    console.log(`Ping received [${correlationId}] -> ${message}`);
    return Promise.resolve("Pong");
  }
}

await using bus = await MessageBus.start({ machine: false });
bus.register(new UserCreatedEventHandler(), new SubmitOrderCommandHandler(), new PongCommandHandler());

const order = { orderId: "7", customerName: "Alice", quantity: 3, product: "Apples" };
await bus.commandDispatcher.local.send(SubmitOrder(order), { timeoutMs: 5000 });

const user = { userId: "1", userName: "I AM GROOT Local" };
await bus.eventDispatcher.publish(UserCreated(user), { timeoutMs: 5000 });

const pong = await bus.commandDispatcher.local.send(Ping({ correlationId: "9", message: "hello" }), {
  timeoutMs: 5000,
});
console.log(`Answer: ${pong}`);
