/**
 * Three particles in processes of their own send the mixed load (project files, empty messages, 1 MiB messages) and
 * get all of it back.
 *
 * A client's first message is one byte that names its stream; it is not counted.
 *
 * @module
 */
import type { Connection } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import { Asker } from "../asker.ts";
import { PayloadDigest, readPayloads } from "../project_files.ts";
import type { ClientSetting, Fault, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals, serveTcp } from "../tcp_service.ts";

const CLIENTS = 3;
/** Which message of client 0 goes wrong. */
const FAULT_AT = 3;

/** The scenario. */
export const tcpFiles: Scenario = {
  name: "tcp.files",
  transport: "TCP particle, files, 0 B, 1 MiB",
  clientCount: CLIENTS,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  const digests = new Map<Connection, { readonly name: string; readonly digest: PayloadDigest }>();
  const arrivals = new Arrivals();
  return serveTcp(setting, {
    connectionCount: CLIENTS,
    arrivals,
    options: {
      onReceived: (connection, payload) => {
        const stream = digests.get(connection);
        if (stream === undefined) {
          digests.set(connection, { name: String(payload[0]), digest: new PayloadDigest() });
          return;
        }
        arrivals.note();
        connection.return(payload);
        stream.digest.add(payload);
      },
    },
    account: () => ({
      streams: Object.fromEntries([...digests.values()].map(({ name, digest }) => [name, digest.account()])),
      faults: [],
    }),
  });
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, runMs, client, fault } = setting;
  const payloads = await readPayloads();
  const digest = new PayloadDigest();
  const faults: string[] = [];
  let expected: Uint8Array = payloads[0]!;
  const asker = new Asker({ hostname, port }, (reply) => {
    if (!equal(reply, expected)) faults.push(`stream ${client}: reply ${asker.count} is not what was sent`);
  });
  watch(() => asker.count);
  await asker.tell(Uint8Array.of(client));
  const endMs = performance.now() + runMs;
  // Every client starts elsewhere, and none before it has sent one message of 1 MiB and an empty one.
  for (let i = 0; i < payloads.length || performance.now() < endMs; i++) {
    expected = payloads[(i + client * 7) % payloads.length]!;
    digest.add(expected);
    const payload = i === FAULT_AT ? damaged(expected, fault) : expected;
    if (payload !== undefined) await asker.ask(payload);
  }
  await asker.close();
  return {
    streams: { [client]: digest.account() },
    seconds: 0,
    drops: 0,
    faults: [...asker.faults, ...faults],
    roundTrips: asker.roundTrips.buckets(),
  };
}

/** What is sent in place of a payload: with one bit flipped, or not at all. */
function damaged(payload: Uint8Array, fault: Fault): Uint8Array | undefined {
  if (fault === "none") return payload;
  if (fault === "lose") return undefined;
  const copy = payload.slice();
  copy[copy.length >> 1]! ^= 1;
  return copy;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
