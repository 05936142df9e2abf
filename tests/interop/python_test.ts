/**
 * Foreign programs in another language: `foreign_peer.py` as a client and as a server. Skipped, with the reason, where
 * there is no Python.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { linesOf } from "./lines_of.ts";
import { Particle, Reactor } from "../../mod.ts";

const script = new URL("foreign_peer.py", import.meta.url).pathname;
const hasPython = await canRun("python3");
if (!hasPython) console.log("The tests with foreign programs in Python are skipped: python3 cannot be started");

for (const peerId of [undefined, "python-1"]) {
  Deno.test({
    name: `A Python client talks to a reactor (peer id: ${peerId})`,
    ignore: !hasPython,
    fn: async () => {
      const lengths: number[] = [];
      await using reactor = new Reactor({
        hostname: "127.0.0.1",
        peerIds: peerId !== undefined,
        onReceived: (connection, payload) => {
          assertEquals(connection.peerId, peerId ?? "");
          lengths.push(payload.length);
          connection.return(payload);
        },
      });
      await reactor.start();
      const args = [script, "client", String(reactor.port), ...peerId === undefined ? [] : [peerId]];
      const { code, stdout, stderr } = await new Deno.Command("python3", { args }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      const once = [0, 5, 256, 4, 100_000, 4];
      assertEquals(lengths, [...once, ...once]);
      assertEquals(new TextDecoder().decode(stdout).split("\n").slice(0, 2), ["", "68656c6c6f"]);
    },
  });

  Deno.test({
    name: `A particle talks to a Python server (peer id: ${peerId})`,
    ignore: !hasPython,
    fn: async () => {
      const args = [script, "server", ...peerId === undefined ? [] : ["peer"]];
      const child = new Deno.Command("python3", { args, stdout: "piped" }).spawn();
      const lines = linesOf(child.stdout);
      const port = Number((await lines.next()).value);
      const answers: string[] = [];
      const done = Promise.withResolvers<void>();
      const payloads = ["stressed", "", "x".repeat(50_000), "end"];
      const particle = new Particle({
        port,
        ...peerId === undefined ? {} : { peerId },
        onReceived: (payload) => {
          answers.push(new TextDecoder().decode(payload));
          if (answers.length === payloads.length) done.resolve();
        },
      });
      for (const payload of payloads) await particle.send(new TextEncoder().encode(payload));
      await Promise.race([done.promise, particle.closed]);
      await particle.close();
      assertEquals(answers, payloads.map((payload) => [...payload].reverse().join("")));
      const printed: string[] = [];
      for await (const line of lines) printed.push(line);
      const expected = payloads.map((payload) => hex(payload.slice(0, 16)));
      assertEquals(printed, peerId === undefined ? expected : [hex(peerId), ...expected]);
      assertEquals((await child.status).code, 0);
    },
  });
}

async function canRun(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

function hex(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
