/**
 * Every example runs as its own header says, ends by itself, and shows what it is there to show.
 *
 * The permissions are those of the `deno run` line in the header: an example that needs more than it says fails.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";

const FOLDER = new URL("../../examples/", import.meta.url);
const LIMIT_MS = 20_000;

/** What each example prints at least. */
const expected: Readonly<Record<string, readonly RegExp[]>> = {
  "echo.ts": [/^New client connected!$/m, /^Echo: Hello Reactor!$/m],
  "asset_download.ts": [
    /^forest\.pak: 300000 bytes, \d{4} on the wire/m,
    /^maps again: 550000 bytes, 496608 were there, 1 chunks fetched$/m,
  ],
  "asset_link.ts": [/^carried by hand$/m],
  "burst.ts": [/^100000 received, 0 damaged, 0 dropped, 0 unsent$/m],
  "bus_hello.ts": [/^Answer: Pong$/m, /^New user created! ID: 1/m],
  "bus_mesh.ts": [/^in turn: first, first, second, second$/m, /^second left$/m, /^8 events came$/m],
  "flux.ts": [/^received of each producer: 25000, 25000, 25000, 25000, 25000; 0 out of order$/m],
  "zerio.ts": [
    /^client is connected$/m,
    /^client says oui$/m,
    /^the server says quoi$/m,
    /^a second "client" is refused$/m,
    /^client is gone$/m,
  ],
  "backpressure.ts": [
    /^wait +4096 received, +0 dropped/m,
    /^dropNewest +\d+ received, +[1-9]\d* dropped/m,
    /^dropOldest +\d+ received, +[1-9]\d* dropped/m,
    /^conflate +\d+ received, +[1-9]\d* dropped/m,
    /^close .*closed with SendQueueFull$/m,
  ],
  "hybrid.ts": [
    /^Connected by TLS: UDP is blocked$/m,
    /^After \d+ echoes the session moved to udp$/m,
    /echoes came in order, none lost, none twice$/m,
  ],
  "realtime_delta.ts": [
    /^bytes: 500 become \d{1,2}$/m,
    /^world: \d+ bytes at first, \d{1,3} on average$/m,
    /health 42$/m,
  ],
  "realtime_interest.ts": [/^relevant: D, E$/m, /^in 100 datagrams: B [1-9]\d* times, D \d+ times, E \d+ times$/m],
  "realtime_jitter.ts": [/^around the lost frame: 38 39 \(40\) 41 42$/m, /^99 played, 0 late; delay now \d+ ms$/m],
  "secure_echo.ts": [/^Peer 1 connected$/m, /^Received: Hello, server!$/m, /^Peer 1 disconnected: Normal$/m],
  "secure_lanes.ts": [/^asset 3: 1048576 bytes$/m, /of 30 inputs came$/m],
  "secure_resume.ts": [
    /^player one is here, resumed$/m,
    /^heard early: I am back$/m,
    /^heard: and somewhere else$/m,
    /^a stranger gets: AuthenticationError$/m,
  ],
  "secure_tick.ts": [/^tick 1: player 3 connected$/m, /^player 2: \d+ of 15 ticks, at last 1\d: height /m],
  "transport_chat.ts": [/bob hears \[tea\] ada/],
  "transport_custom.ts": [/over a protocol of my own/],
  "transport_echo.ts": [/Unfinished sessions: 0/],
  "transport_quic.ts": [/^1000 messages and 100 answers$/m],
  "workers.ts": [/^bob heard: alice: Hello from another core, perhaps$/m],
  "reconnect.ts": [/^disconnected: /m, /^received: one, two, three; 2 connects$/m],
};

const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter(isProgram).sort();

Deno.test("every example has something to show", () => {
  assertEquals(names, Object.keys(expected).sort());
});

for (const name of names) {
  Deno.test(`examples/${name} runs as its header says`, async () => {
    const { code, output, errors } = await run(name);
    assertEquals(code, 0, `${output}${errors}`);
    for (const pattern of expected[name] ?? []) assertMatch(output, pattern);
    assertEquals(errors, "");
  });
}

function isProgram(name: string): boolean {
  return name.endsWith(".ts") && !/_(worker|handler)\.ts$/.test(name);
}

async function run(
  name: string,
): Promise<{ readonly code: number; readonly output: string; readonly errors: string }> {
  const text = await Deno.readTextFile(new URL(name, FOLDER));
  const said = new RegExp(`^ \\*     deno run ((?:--(?:allow|unstable)\\S+ )*)examples/${name}$`, "m").exec(text)?.[1];
  assert(said !== undefined, `${name} does not say how it is run`);
  const permissions = said.split(" ").filter((permission) => permission !== "");
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, new URL(name, FOLDER).href],
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: limit.signal,
  }).output();
  clearTimeout(timer);
  return { code, output: new TextDecoder().decode(stdout), errors: new TextDecoder().decode(stderr) };
}
