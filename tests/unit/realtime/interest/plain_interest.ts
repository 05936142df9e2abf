/**
 * Interest management in its simplest form: every observer looks at every entity. The fast one is held equal to it.
 *
 * @module
 */
import { type InterestEvent, InterestEventKind } from "../../../../src/realtime/interest/interest_events.ts";
import type { InterestManager } from "../../../../src/realtime/interest/interest_manager.ts";

/** A place. */
export interface Place {
  x: number;
  y: number;
  z: number;
}

interface PlainEntity extends Place {
  readonly id: number;
  isAlways: boolean;
  readonly teams: Set<number>;
}

interface PlainObserver extends Place {
  readonly id: number;
  radius: number;
  leaveRadius: number;
  follow: PlainEntity | undefined;
  readonly teams: Set<number>;
  readonly hidden: Set<PlainEntity>;
  relevant: Set<PlainEntity>;
}

/** The reference; no bounds, no checks. */
export class PlainInterest {
  readonly entities = new Map<number, PlainEntity>();
  readonly observers = new Map<number, PlainObserver>();

  addEntity(id: number, x: number, y: number, z: number): void {
    this.entities.set(id, { id, x, y, z, isAlways: false, teams: new Set() });
  }

  moveEntity(id: number, x: number, y: number, z: number): void {
    Object.assign(this.entities.get(id)!, { x, y, z });
  }

  removeEntity(id: number): void {
    const entity = this.entities.get(id);
    this.entities.delete(id);
    for (const observer of this.observers.values()) {
      if (observer.follow !== entity || entity === undefined) continue;
      Object.assign(observer, { x: entity.x, y: entity.y, z: entity.z, follow: undefined });
    }
  }

  addObserver(id: number, radius: number, leaveRadius: number, at: Place | number): void {
    const follow = typeof at === "number" ? this.entities.get(at) : undefined;
    const { x, y, z } = typeof at === "number" ? { x: 0, y: 0, z: 0 } : at;
    const [teams, hidden, relevant] = [new Set<number>(), new Set<PlainEntity>(), new Set<PlainEntity>()];
    this.observers.set(id, { id, x, y, z, radius, leaveRadius, follow, teams, hidden, relevant });
  }

  /** Brings all sets up to date; returns what changed as `observer-entity` and `observer+entity`, sorted. */
  tick(): string[] {
    const changes: string[] = [];
    for (const observer of this.observers.values()) {
      const { x, y, z } = observer.follow ?? observer;
      Object.assign(observer, { x, y, z });
      const before = observer.relevant;
      observer.relevant = new Set([...this.entities.values()].filter((one) => isRelevant(observer, one)));
      for (const one of before) if (!observer.relevant.has(one)) changes.push(`${observer.id}-${one.id}`);
      for (const one of observer.relevant) if (!before.has(one)) changes.push(`${observer.id}+${one.id}`);
    }
    return changes.sort();
  }

  /** The ids that are relevant to an observer, sorted. */
  relevantTo(id: number): number[] {
    return [...this.observers.get(id)!.relevant].map((one) => one.id).sort((a, b) => a - b);
  }
}

function isRelevant(observer: PlainObserver, entity: PlainEntity): boolean {
  if (observer.hidden.has(entity)) return false;
  if (entity.isAlways || [...entity.teams].some((team) => observer.teams.has(team))) return true;
  const [dx, dy, dz] = [entity.x - observer.x, entity.y - observer.y, entity.z - observer.z];
  const limit = observer.relevant.has(entity) ? observer.leaveRadius : observer.radius;
  return dx * dx + dy * dy + dz * dz <= limit * limit;
}

/** An event as text: `70+1` when entity 1 became relevant to observer 70, `70-1` when it is no more. */
export function textOf({ kind, observer, entity }: InterestEvent): string {
  return `${observer}${kind === InterestEventKind.Enter ? "+" : "-"}${entity}`;
}

/** Polls all events, in their order. */
export function pollAll(interest: InterestManager): string[] {
  const texts: string[] = [];
  for (let event = interest.pollEvent(); event !== undefined; event = interest.pollEvent()) texts.push(textOf(event));
  return texts;
}

/** Ticks and polls all events, in their order. */
export function tickAll(interest: InterestManager): string[] {
  interest.tick();
  return pollAll(interest);
}

/** The ids that are relevant to an observer, sorted. */
export function relevantTo(interest: InterestManager, observer: number): number[] {
  const target = new Uint32Array(interest.readRelevant(new Uint32Array(0), observer));
  interest.readRelevant(target, observer);
  return [...target].sort((a, b) => a - b);
}
