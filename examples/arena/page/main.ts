/**
 * The page: connects to the arena, shows it, and lets the reader steer and pull at the sliders.
 *
 * `globalThis.arena` is there for the console, and for tests: what is shown, as data.
 *
 * @module
 */
import { ArenaClient } from "../client/arena_client.ts";
import { encodeControl, type Request } from "../protocol/control.ts";
import { TICKS_PER_SECOND } from "../world/arena_schema.ts";
import { ArenaView } from "./arena_view.ts";
import { browser, type Canvas, element } from "./browser.ts";
import { Controls } from "./controls.ts";
import { Figures } from "./figures.ts";
import { Steering } from "./steering.ts";

const RETRY_MS = 1000;

const canvas = element<Canvas>("#stage");
const view = new ArenaView(canvas);
const steering = new Steering(canvas);
const figures = new Figures();
const controls = new Controls(request);
let client = new ArenaClient();
let socket: WebSocket | undefined;
let hasSettings = false;
let frames = 0;

const zoom = element("#zoom");
zoom.addEventListener("click", () => {
  view.isWhole = !view.isWhole;
  zoom.textContent = view.isWhole ? "Follow me" : "Whole arena";
});
Object.assign(globalThis, { arena: { state } });
connect();
setInterval(sendInput, 1000 / TICKS_PER_SECOND);
browser.requestAnimationFrame(draw);

function connect(): void {
  const { protocol, host } = browser.location;
  const opened = new WebSocket(`${protocol === "https:" ? "wss" : "ws"}://${host}/play`);
  opened.binaryType = "arraybuffer";
  const joined = new ArenaClient({
    onWelcome: ({ link, sight }) => {
      if (!hasSettings) controls.show({ ...link, ...sight });
      else {for (const asked of [{ type: "link", ...controls.link }, { type: "sight", ...controls.sight }] as const) {
          request(asked);
        }}
      hasSettings = true;
      element("#gone").hidden = true;
    },
    onStatus: (status) => {
      controls.showMood(status.mood);
      figures.handleStatus(status, joined, performance.now());
    },
  });
  opened.onmessage = ({ data }) => joined.handleMessage(new Uint8Array(data as ArrayBuffer), performance.now());
  opened.onclose = () => {
    element("#gone").hidden = false;
    setTimeout(connect, RETRY_MS);
  };
  [socket, client] = [opened, joined];
}

function request(asked: Request): void {
  send(encodeControl(asked));
}

function sendInput(): void {
  if (client.welcome === undefined) return;
  const { x, y } = view.avatarPlace;
  client.steer = steering.direction(x, y);
  send(client.input(performance.now()));
}

function send(message: Uint8Array): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer>);
}

function draw(): void {
  const nowMs = performance.now();
  const frame = client.frame(nowMs);
  if (frame !== undefined) {
    const { x, y } = view.avatarPlace;
    const direction = steering.direction(x, y);
    view.draw({ client, frame, radius: controls.sight.radius, direction, nowMs });
    frames++;
  }
  figures.draw(nowMs);
  browser.requestAnimationFrame(draw);
}

/** What is shown, as data. */
function state(): unknown {
  const frame = client.frame(performance.now());
  const shown = frame === undefined ? [] : [...frame.ids.subarray(0, frame.count)];
  return {
    isConnected: socket?.readyState === WebSocket.OPEN,
    frames,
    tick: frame?.tick ?? -1,
    latestTick: client.latestTick,
    avatar: client.welcome?.avatar ?? -1,
    entities: shown.map((id) => ({ id, x: frame!.fields.position.x(id), y: frame!.fields.position.y(id) })),
    counters: client.counters,
    figures: figures.shown,
  };
}
