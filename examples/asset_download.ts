/**
 * Serves a file and a folder, downloads both, changes one file, and downloads the folder again: only what changed
 * travels.
 *
 *     deno run --allow-net --allow-read --allow-write examples/asset_download.ts
 *
 * @module
 */
import { AssetClient, AssetServer } from "@ringwire/ringwire/asset";

const folder = await Deno.makeTempDir();
await Deno.mkdir(`${folder}/maps`);
await Deno.writeTextFile(`${folder}/maps/forest.pak`, "trees ".repeat(50_000));
await Deno.writeTextFile(`${folder}/maps/desert.pak`, "sand ".repeat(50_000));

const server = new AssetServer();
const { root } = await server.register("forest.pak", `${folder}/maps/forest.pak`);
await server.register("maps", `${folder}/maps`);
await server.start();

const client = new AssetClient({ port: server.port });
const forest = await client.download("forest.pak", `${folder}/forest.pak`, { root });
console.log(`forest.pak: ${forest.length} bytes, ${forest.statistics.wireBytes} on the wire, root ${forest.root}`);

await client.download("maps", `${folder}/copy`);
await Deno.writeTextFile(`${folder}/maps/desert.pak`, "sand ".repeat(49_999) + "rock ");
const again = await client.download("maps", `${folder}/copy`);
const { reusedBytes, chunksReceived } = again.statistics;
console.log(`maps again: ${again.length} bytes, ${reusedBytes} were there, ${chunksReceived} chunks fetched`);

await client.close();
await server.stop();
await Deno.remove(folder, { recursive: true });
