/**
 * A real browser joins: echo, requests from both sides, and a connection that comes back. Without a browser the test is
 * skipped and says why; what the entry imports is looked at in any case.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { TransportServer, webSocket } from "../../src/api/transport_mod.ts";
import { BrowserPage, findChromium } from "./arena_browser.ts";
import { browserModules, serveBrowserPage } from "./transport_browser_page.ts";
import { eventually } from "./waiting.ts";

const chromium = await findChromium();
const executable = "path" in chromium ? chromium.path : undefined;
if ("reason" in chromium) console.log(`The transport is not tested in a browser: ${chromium.reason}`);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("what a browser loads names neither Deno nor Node", async () => {
  for (const [path, code] of await browserModules()) {
    const words = code.replace(/\/\*[\s\S]*?\*\//g, "").match(/\bDeno\b|node:/g);
    assertEquals(words, null, path);
  }
});

Deno.test({
  name: "a browser sends, asks, answers, and comes back after a loss",
  ignore: executable === undefined,
  fn: async () => {
    const { server: pages, url } = await serveBrowserPage();
    const origin = url.slice(0, -1);
    const listen = (port: number): Promise<TransportServer> =>
      TransportServer.listen({
        protocols: [webSocket({ hostname: "127.0.0.1", port, path: "/ws", origins: [origin] })],
        messageReceived: async ({ sessionId, message }) => {
          if (message.isRequest) await message.respond(encoder.encode(`answer to ${message.text}`));
          else await server.send(sessionId, encoder.encode(`echo of ${message.text}`));
        },
      });
    let server = await listen(0);
    const port = server.port("websocket");
    {
      await using page = await BrowserPage.open(executable!);
      await page.send("Page.navigate", { url });
      await page.until("the modules", "globalThis.ringwire !== undefined");
      await page.evaluate(`(async () => {
        const { TransportClient, webSocket } = ringwire;
        globalThis.heard = [];
        globalThis.text = (bytes) => new TextDecoder().decode(bytes);
        globalThis.bytes = (text) => new TextEncoder().encode(text);
        globalThis.client = new TransportClient({
          protocol: webSocket("ws://127.0.0.1:${port}/ws"),
          reconnect: { baseMs: 10, maxMs: 50 },
          whileDisconnected: "wait",
          messageReceived: ({ message }) => void heard.push(message.text),
          request: (message) => bytes("browser says " + message.text),
          disconnected: () => void heard.push("lost"),
        });
        await client.connect();
        await client.send(bytes("hello"));
      })()`);
      await page.until("the echo", "heard.length === 1");
      assertEquals(await page.evaluate("heard"), ["echo of hello"]);
      const many = `Promise.all(Array.from({ length: 500 }, (_, i) => client.request(bytes("" + i))))
        .then((all) => all.every(({ data }, i) => text(data) === "answer to " + i))`;
      assertEquals(await page.evaluate(many), true);
      const { data } = await server.request(server.sessionIds[0]!, encoder.encode("hi"));
      assertEquals(decoder.decode(data), "browser says hi");
      await server.shutdown(100);
      await page.until("the loss", "heard.includes('lost')");
      const waiting = page.evaluate<string>("client.request(bytes('still there?')).then(({ data }) => text(data))");
      server = await listen(port);
      assertEquals(await waiting, "answer to still there?");
      await page.evaluate("client.close()");
      await eventually("the browser is gone", () => server.sessionIds.length === 0);
    }
    await server.close();
    await pages.shutdown();
  },
});
