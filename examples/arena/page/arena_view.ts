/**
 * Draws the arena: what is sent to this player in colour, the rest pale from the overview, and how far it sees.
 *
 * It shows a part around the player, with a small map of the whole, or the whole. Invariant: nothing is drawn in colour
 * that is not in the replica's frame.
 *
 * @module
 */
import type { WorldFrame } from "@ringwire/ringwire/realtime";
import type { ArenaClient } from "../client/arena_client.ts";
import { type ArenaFields, HALF_SIDE, type KINDS } from "../world/arena_schema.ts";
import { type Canvas, fitCanvas, type Pen } from "./browser.ts";
import { FONT, palette } from "./palette.ts";
import type { Direction } from "./steering.ts";

/** How much farther the observer lets go of what it sees: the default of observers. */
const LEAVE_FACTOR = 1.125;
const GRID_UNITS = 100;
const REST_PIXELS = 2.2;
const MAP_MARGIN = 12;
const PULSE_MS = 450;
const MAX_PULSES = 48;
/** How long the tail of a moving thing is, in seconds of its way. */
const TAIL_SECONDS = 0.9;

type Frame = WorldFrame<ArenaFields>;

/** What is to be drawn. */
export interface Scene {
  readonly client: ArenaClient;
  readonly frame: Frame;
  readonly radius: number;
  readonly direction: Direction;
  readonly nowMs: number;
}

/** The view of one player. */
export class ArenaView {
  /** Whether the whole arena is shown. */
  isWhole = false;
  readonly #canvas: Canvas;
  readonly #pen: Pen;
  readonly #pulses: { readonly id: number; readonly startMs: number }[] = [];
  #scale = 1;
  #centreX = 0;
  #centreY = 0;
  #width = 0;
  #height = 0;
  #names: ReadonlyMap<number, string> = new Map();
  #me = { x: 0, y: 0 };

  /**
   * Takes possession of a canvas.
   *
   * @param canvas The canvas.
   */
  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d")!;
  }

  /** Where the player was drawn on the canvas. */
  get avatarPlace(): { readonly x: number; readonly y: number } {
    return this.#me;
  }

  /**
   * Draws.
   *
   * @param scene What.
   */
  draw(scene: Scene): void {
    const { client, frame, radius, nowMs } = scene;
    const me = client.welcome!.avatar;
    ({ width: this.#width, height: this.#height } = fitCanvas(this.#canvas, this.#pen));
    this.#aim(frame, me, radius);
    this.#names = new Map(client.roster.map(({ id, name }) => [id, name]));
    this.#drawGround();
    const rest = client.rest();
    this.#drawRest(rest, frame);
    if (frame.has(me)) this.#drawSight(radius);
    this.#drawPulses(frame, nowMs);
    for (let i = 0; i < frame.count; i++) {
      const id = frame.ids[i]!;
      if (id !== me) this.#drawEntity(frame, id, client.welcome!.inhabitants);
    }
    if (frame.has(me)) this.#drawMe(frame, me, scene.direction);
    if (!this.isWhole) this.#drawMap(rest, radius, client.welcome!.inhabitants);
  }

  /** Decides which part is shown. */
  #aim(frame: Frame, me: number, radius: number): void {
    const { position } = frame.fields;
    const least = Math.min(this.#width, this.#height);
    const whole = least / (2 * HALF_SIDE * 1.04);
    this.#scale = this.isWhole ? whole : Math.max(whole, least / (2 * radius * LEAVE_FACTOR * 1.12));
    if (this.isWhole) [this.#centreX, this.#centreY] = [0, 0];
    else if (frame.has(me)) [this.#centreX, this.#centreY] = [position.x(me), position.y(me)];
    if (frame.has(me)) this.#me = { x: this.#x(position.x(me)), y: this.#y(position.y(me)) };
  }

  #x(x: number): number {
    return (x - this.#centreX) * this.#scale + this.#width / 2;
  }

  #y(y: number): number {
    return (y - this.#centreY) * this.#scale + this.#height / 2;
  }

  #drawGround(): void {
    const pen = this.#pen;
    const { ground, grid, border } = palette();
    const [left, top] = [this.#x(-HALF_SIDE), this.#y(-HALF_SIDE)];
    const side = 2 * HALF_SIDE * this.#scale;
    pen.fillStyle = ground;
    pen.fillRect(left, top, side, side);
    pen.strokeStyle = grid;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let at = -HALF_SIDE + GRID_UNITS; at < HALF_SIDE; at += GRID_UNITS) {
      pen.moveTo(this.#x(at), top);
      pen.lineTo(this.#x(at), top + side);
      pen.moveTo(left, this.#y(at));
      pen.lineTo(left + side, this.#y(at));
    }
    pen.stroke();
    pen.strokeStyle = border;
    pen.lineWidth = 2;
    pen.strokeRect(left, top, side, side);
  }

  /** Those that are not sent, where the overview has them. */
  #drawRest(places: Float64Array, frame: Frame): void {
    const pen = this.#pen;
    pen.fillStyle = palette().everything;
    pen.globalAlpha = 0.55;
    pen.beginPath();
    for (let id = 0; id < places.length / 2; id++) {
      if (Number.isNaN(places[2 * id]!) || frame.has(id)) continue;
      const [x, y] = [this.#x(places[2 * id]!), this.#y(places[2 * id + 1]!)];
      pen.moveTo(x + REST_PIXELS, y);
      pen.arc(x, y, REST_PIXELS, 0, 2 * Math.PI);
    }
    pen.fill();
    pen.globalAlpha = 1;
  }

  #drawSight(radius: number): void {
    const pen = this.#pen;
    const { x, y } = this.#me;
    pen.fillStyle = pen.strokeStyle = palette().both;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, radius * this.#scale, 0, 2 * Math.PI);
    pen.globalAlpha = 0.07;
    pen.fill();
    pen.globalAlpha = 0.7;
    pen.stroke();
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1;
    pen.setLineDash([3, 6]);
    pen.beginPath();
    pen.arc(x, y, radius * LEAVE_FACTOR * this.#scale, 0, 2 * Math.PI);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  /** A ring around who has just come into sight. */
  #drawPulses(frame: Frame, nowMs: number): void {
    for (let i = 0; i < frame.enteredCount; i++) this.#pulses.push({ id: frame.entered[i]!, startMs: nowMs });
    if (this.#pulses.length > MAX_PULSES) this.#pulses.splice(0, this.#pulses.length - MAX_PULSES);
    while (this.#pulses.length > 0 && nowMs - this.#pulses[0]!.startMs > PULSE_MS) this.#pulses.shift();
    const pen = this.#pen;
    const { position } = frame.fields;
    pen.strokeStyle = palette().both;
    pen.lineWidth = 1.5;
    for (const { id, startMs } of this.#pulses) {
      if (!frame.has(id)) continue;
      const age = (nowMs - startMs) / PULSE_MS;
      pen.globalAlpha = (1 - age) * 0.8;
      pen.beginPath();
      pen.arc(this.#x(position.x(id)), this.#y(position.y(id)), 6 + age * 14, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  #drawEntity(frame: Frame, id: number, inhabitants: number): void {
    const pen = this.#pen;
    const { position, velocity, heading, health, kind, shielded } = frame.fields;
    const [x, y] = [this.#x(position.x(id)), this.#y(position.y(id))];
    const isPlayer = id >= inhabitants;
    const size = Math.max(3.4, Math.min(8, this.#scale * 3.4)) * (isPlayer ? 1.25 : 1);
    pen.fillStyle = pen.strokeStyle = isPlayer ? palette().player : palette().both;
    this.#drawTail(x, y, velocity.x(id), velocity.y(id), size);
    pen.globalAlpha = 0.35 + 0.65 * health.at(id) / 100;
    pen.beginPath();
    outline(pen, kind.at(id), x, y, size, heading.at(id));
    pen.fill();
    if (shielded.at(id)) {
      pen.globalAlpha = 0.7;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(x, y, size * 1.75, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.globalAlpha = 1;
    if (isPlayer) this.#drawName(this.#names.get(id) ?? "", x, y - size * 2);
  }

  #drawTail(x: number, y: number, velocityX: number, velocityY: number, size: number): void {
    const length = TAIL_SECONDS * this.#scale;
    if (velocityX === 0 && velocityY === 0) return;
    const pen = this.#pen;
    pen.lineCap = "round";
    pen.lineWidth = size * 0.45;
    for (const [share, alpha] of [[1, 0.12], [0.5, 0.25]] as const) {
      pen.globalAlpha = alpha;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x - velocityX * length * share, y - velocityY * length * share);
      pen.stroke();
    }
  }

  #drawName(name: string, x: number, y: number): void {
    const pen = this.#pen;
    pen.font = `600 11px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    pen.fillStyle = palette().player;
    pen.fillText(name, x, y);
  }

  #drawMe(frame: Frame, me: number, direction: Direction): void {
    const pen = this.#pen;
    const { x, y } = this.#me;
    const size = Math.max(7, Math.min(12, this.#scale * 5));
    const { text, surface, both } = palette();
    pen.strokeStyle = both;
    if (direction.x !== 0 || direction.y !== 0) {
      pen.lineWidth = 2;
      pen.globalAlpha = 0.9;
      pen.beginPath();
      pen.moveTo(x + direction.x * size * 2, y + direction.y * size * 2);
      pen.lineTo(x + direction.x * size * 4, y + direction.y * size * 4);
      pen.stroke();
      pen.globalAlpha = 1;
    }
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, size * 1.7, 0, 2 * Math.PI);
    pen.stroke();
    pen.fillStyle = text;
    pen.strokeStyle = surface;
    pen.lineWidth = 1.5;
    pen.beginPath();
    arrow(pen, x, y, size, frame.fields.heading.at(me));
    pen.fill();
    pen.stroke();
  }

  /** The whole arena, small, in the corner. */
  #drawMap(places: Float64Array, radius: number, inhabitants: number): void {
    const side = Math.max(84, Math.min(150, Math.min(this.#width, this.#height) * 0.24));
    const [left, top] = [this.#width - side - MAP_MARGIN, this.#height - side - MAP_MARGIN];
    const pen = this.#pen;
    const { surface, border, everything, both, player, text } = palette();
    const at = (place: number): number => (place / HALF_SIDE + 1) / 2 * side;
    pen.globalAlpha = 0.88;
    pen.fillStyle = surface;
    pen.beginPath();
    pen.roundRect(left, top, side, side, 6);
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = border;
    pen.lineWidth = 1;
    pen.stroke();
    pen.save();
    pen.clip();
    for (let id = 0; id < places.length / 2; id++) {
      const [x, y] = [places[2 * id]!, places[2 * id + 1]!];
      if (Number.isNaN(x)) continue;
      const half = id < inhabitants ? 0.8 : 1.6;
      pen.fillStyle = id < inhabitants ? everything : player;
      pen.fillRect(left + at(x) - half, top + at(y) - half, 2 * half, 2 * half);
    }
    const [x, y] = [left + at(this.#centreX), top + at(this.#centreY)];
    pen.strokeStyle = pen.fillStyle = both;
    pen.beginPath();
    pen.arc(x, y, radius / (2 * HALF_SIDE) * side, 0, 2 * Math.PI);
    pen.globalAlpha = 0.15;
    pen.fill();
    pen.globalAlpha = 1;
    pen.stroke();
    pen.fillStyle = text;
    pen.beginPath();
    pen.arc(x, y, 2.2, 0, 2 * Math.PI);
    pen.fill();
    pen.restore();
  }
}

/** The shape of a kind. */
function outline(pen: Pen, kind: (typeof KINDS)[number], x: number, y: number, size: number, heading: number): void {
  if (kind === "scout") arrow(pen, x, y, size * 1.15, heading);
  else if (kind === "tank") pen.rect(x - size * 0.85, y - size * 0.85, size * 1.7, size * 1.7);
  else if (kind === "medic") pen.arc(x, y, size, 0, 2 * Math.PI);
  else {
    pen.moveTo(x, y - size * 1.2);
    pen.lineTo(x + size * 1.2, y);
    pen.lineTo(x, y + size * 1.2);
    pen.lineTo(x - size * 1.2, y);
    pen.closePath();
  }
}

function arrow(pen: Pen, x: number, y: number, size: number, heading: number): void {
  const [cos, sin] = [Math.cos(heading) * size, Math.sin(heading) * size];
  pen.moveTo(x + cos * 1.3, y + sin * 1.3);
  pen.lineTo(x - cos - sin * 0.9, y - sin + cos * 0.9);
  pen.lineTo(x - cos * 0.45, y - sin * 0.45);
  pen.lineTo(x - cos + sin * 0.9, y - sin - cos * 0.9);
  pen.closePath();
}
