import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  ClosedError,
  MisuseError,
  RequestError,
  RequestErrorCode,
  ResourceError,
  TimeoutError,
} from "../../../src/api/transport_mod.ts";
import { bytesOf, textOf, TransportPlace, until } from "./transport_pair.ts";

Deno.test("a request that is not answered in time is rejected, and the other side's signal fires", async () => {
  const fired = Promise.withResolvers<unknown>();
  await using place = await TransportPlace.open({
    messageReceived: ({ message }) => {
      if (!message.isRequest) return;
      message.signal.addEventListener("abort", () => fired.resolve(message.signal.reason));
    },
  });
  const client = await place.connect();
  // The server's own timeout is that of the first request's deadline: the answer to a packet makes them acquainted.
  await client.send(bytesOf("hello"));
  await until("they know each other", () => client.statistics().streams.messagesIn === 1);
  await assertRejects(() => client.request(bytesOf("?"), { timeoutMs: 20 }), TimeoutError);
  assertInstanceOf(await fired.promise, TimeoutError);
  assertEquals(client.statistics().messages.expiredOut, 1);
});

Deno.test("a signal ends a request here and there", async () => {
  const fired = Promise.withResolvers<void>();
  const controller = new AbortController();
  await using place = await TransportPlace.open({
    messageReceived: ({ message }) => {
      if (message.text === "first") return message.respond(bytesOf("ok"));
      message.signal.addEventListener("abort", () => fired.resolve());
      return controller.abort(new ResourceError("changed my mind"));
    },
  });
  const client = await place.connect();
  await client.request(bytesOf("first"));
  const error = await assertRejects(() => client.request(bytesOf("second"), { signal: controller.signal }));
  assertEquals((error as Error).message, "changed my mind");
  await fired.promise;
  await assertRejects(() => client.request(bytesOf("third"), { signal: controller.signal }), ResourceError);
});

Deno.test("a request that nobody handles is refused by name", async () => {
  await using place = await TransportPlace.open();
  const client = await place.connect();
  const error = await assertRejects(() => client.request(bytesOf("?")), RequestError);
  assertEquals(error.remoteCode, RequestErrorCode.NoHandler);
  assertEquals(place.server.statistics().unhandledMessages, 1);
});

Deno.test("unhandledRequest may be a payload or silence", async () => {
  await using place = await TransportPlace.open({ unhandledRequest: bytesOf("nobody here") });
  assertEquals(textOf((await (await place.connect()).request(bytesOf("?"))).data), "nobody here");
  await using quiet = await TransportPlace.open({ unhandledRequest: "silence" });
  const client = await quiet.connect();
  await assertRejects(() => client.request(bytesOf("?"), { timeoutMs: 10 }), TimeoutError);
  assertEquals(quiet.server.statistics().unansweredRequests, 0);
});

Deno.test("a handler that fails answers with its error's name, and the failure is told", async () => {
  const told: unknown[] = [];
  await using place = await TransportPlace.open({
    request: (message) => message.text === "sync" ? fail() : Promise.reject(new RangeError("later")),
    transportError: ({ error }) => void told.push(error),
  });
  function fail(): never {
    throw new SyntaxError("at once");
  }
  const client = await place.connect();
  const errors = await Promise.all(
    ["sync", "async"].map((text) => assertRejects(() => client.request(bytesOf(text)), RequestError)),
  );
  assertEquals(errors.map((error) => [error.remoteCode, error.remoteText]), [[2, "SyntaxError"], [2, "RangeError"]]);
  assertEquals(told.map((error) => (error as Error).message), ["at once", "later"]);
});

Deno.test("refuse() carries the application's code and text", async () => {
  await using place = await TransportPlace.open({
    request: async (message) => {
      await message.refuse(404, "no such thing");
      await assertRejects(() => message.respond(bytesOf("late")), MisuseError);
    },
  });
  const client = await place.connect();
  const error = await assertRejects(() => client.request(bytesOf("?")), RequestError);
  assertEquals([error.remoteCode, error.remoteText], [404, "no such thing"]);
});

Deno.test("respond() to a one-way message is a misuse", async () => {
  const refused = Promise.withResolvers<unknown>();
  await using place = await TransportPlace.open({
    messageReceived: ({ message }) => message.respond(bytesOf("x")).catch(refused.resolve),
  });
  await (await place.connect()).send(bytesOf("one way"));
  assertInstanceOf(await refused.promise, MisuseError);
});

Deno.test("promises that nobody awaits end nothing when the connection does", async () => {
  const unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  const gate = Promise.withResolvers<void>();
  {
    await using place = await TransportPlace.open({
      messageReceived: ({ message }) => {
        if (message.isRequest) gate.promise.then(() => void message.respond(bytesOf("late")));
        return message.isRequest ? undefined : gate.promise;
      },
    });
    const client = await place.connect({ maxQueuedBytes: 2048 });
    void client.request(bytesOf("?"));
    void client.request(bytesOf("?"), { timeoutMs: 1 });
    await until("they came", () => place.server.statistics().messages.requestsIn === 2);
    for (let i = 0; i < 100; i++) void client.send(new Uint8Array(1500));
    void client.request(new Uint8Array(1500));
    void place.server.send(99, bytesOf("nobody"));
    await place.server.closeSession(1);
    gate.resolve();
    await client.close();
    void client.send(bytesOf("too late"));
    void client.request(bytesOf("too late"));
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
  globalThis.removeEventListener("unhandledrejection", note);
  assertEquals(unhandled, []);
});

Deno.test("every request fails at once when the connection ends", async () => {
  await using place = await TransportPlace.open({ messageReceived: () => {} });
  const client = await place.connect();
  const asked = [1, 2, 3].map(() => client.request(bytesOf("?")).catch((error) => error));
  await until("all are there", () => place.server.statistics().unansweredRequests === 3);
  await place.server.closeSession(1);
  for (const error of await Promise.all(asked)) assertInstanceOf(error, ClosedError);
  assertEquals(client.statistics().pendingRequests, 0);
});

Deno.test("thousands of requests in flight are each answered by their own answer", async () => {
  await using place = await TransportPlace.open({
    maxUnansweredRequestCount: 200,
    request: async (message) => {
      await new Promise((resolve) => setTimeout(resolve, message.messageId % 3));
      return message.data;
    },
  });
  const client = await place.connect();
  const texts = Array.from({ length: 3000 }, (_, i) => `request ${i}`);
  const answers = await Promise.all(texts.map((text) => client.request(bytesOf(text))));
  assertEquals(answers.map(({ data }) => textOf(data)), texts);
  assertEquals(place.server.statistics().messages.crowdedRequests, 0);
});
