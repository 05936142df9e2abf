/**
 * Three nodes of a mesh: they find each other by the key that they share, answer commands in turn, and one that goes is
 * missed by nobody for long. Here they live in one process; they may as well be anywhere on a subnet.
 *
 *     deno run --allow-net examples/bus_mesh.ts
 *
 * @module
 */
import { defineCommand, defineEvent, MessageBus } from "@ringwire/ringwire/bus";

const Resize = defineCommand<{ readonly image: string }, { readonly by: string }>("image.resize");
const Resized = defineEvent<{ readonly image: string }>("image.resized");

const options = { machine: false, hostname: "127.0.0.1", key: crypto.getRandomValues(new Uint8Array(32)) } as const;

async function startWorker(name: string): Promise<MessageBus> {
  const bus = await MessageBus.start({ ...options, name });
  bus.commandDispatcher.handle(Resize, async ({ image }) => {
    await bus.eventDispatcher.publish(Resized({ image }));
    return { by: bus.self.name };
  });
  return bus;
}

await using first = await startWorker("first");
const second = await startWorker("second");
await using web = await MessageBus.start({
  ...options,
  name: "web",
  onNode: (change, node) => console.log(`${node.name} ${change}`),
});

let count = 0;
web.eventDispatcher.subscribe("image.*", () => void count++);
await Promise.all([first, second].map((bus) => bus.eventDispatcher.whenSubscribed(Resized)));

const { network } = web.commandDispatcher;
await network.whenHandled(Resize, { count: 2 });
const answers = await Promise.all(["a", "b", "c", "d"].map((image) => network.send(Resize({ image }))));
console.log(`in turn: ${answers.map(({ by }) => by).sort().join(", ")}`);
console.log(`always the same: ${(await network.send(Resize({ image: "e" }), { key: "customer 7" })).by.length > 0}`);
for await (const { node, isOk } of network.scatter(Resize({ image: "f" }))) {
  console.log(`${node.name} answers: ${isOk}`);
}

await second.close();
console.log(`who is left: ${(await network.send(Resize({ image: "g" }))).by}`);
console.log(`${count} events came`);
