/**
 * An asset over a link of the application's own: here two queues in one process; it could be anything that carries whole
 * messages.
 *
 *     deno run --allow-read --allow-write examples/asset_link.ts
 *
 * @module
 */
import { type AssetAttachment, AssetClient, AssetServer } from "@ringwire/ringwire/asset";

const folder = await Deno.makeTempDir();
await Deno.writeTextFile(`${folder}/notes.txt`, "carried by hand");

const server = new AssetServer();
await server.register("notes.txt", `${folder}/notes.txt`);
const client = new AssetClient();

// Each end gets a function that sends; `receive` is called with what arrives, and says when it can take more.
const toServer = server.attach({ send: (message) => carry(message, () => toClient) }, "a peer");
const toClient: AssetAttachment = client.attach({ send: (message) => carry(message, () => toServer) });

await client.download("notes.txt", `${folder}/copy.txt`);
console.log(await Deno.readTextFile(`${folder}/copy.txt`));

await client.close();
await server.stop();
await Deno.remove(folder, { recursive: true });

/** Brings a message to the other end, in a later job as a real link would. */
async function carry(message: Uint8Array, to: () => AssetAttachment): Promise<void> {
  const copy = message.slice();
  await Promise.resolve();
  await to().receive(copy);
}
