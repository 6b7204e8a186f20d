import { at, member, message, ME, user } from "./samples.js";
import type { ServerEvent, SyncPage } from "../../src/events.js";
import type { Conversation, Member, Message, Role } from "../../src/index.js";

/** One conversation of the model server, with what it remembers for sync: the rev of each thing's last change. */
export class Place {
  rev = 0;
  name = "Group";
  readonly messages: Message[] = [];
  readonly members = new Map<string, Member>();
  readonly memberRevs = new Map<string, number>();
  joinedRev = 0;

  constructor(readonly id: string) {}
}

/** What may happen. Numbers choose among what there is, so that any sequence of them makes sense. */
export type Step =
  | { readonly kind: "send"; readonly who: number }
  | { readonly kind: "edit" | "delete" | "react"; readonly which: number }
  | { readonly kind: "seen"; readonly who: number; readonly isRead: boolean; readonly seq: number }
  | { readonly kind: "rename" }
  | { readonly kind: "add" | "remove" | "promote"; readonly who: number };

const PEOPLE = ["u_ann", "u_ben", "u_cem", ME];

/** A small server: it does what the contract says, and tells the caller's events and pages of sync. */
export class Model {
  readonly places = new Map<string, Place>();
  readonly events: ServerEvent[] = [];
  #clock = 10;

  constructor(ids: readonly string[]) {
    for (const id of ids) {
      const place = new Place(id);
      this.places.set(id, place);
      place.rev = 1;
      for (const userId of ["u_ann", ME]) this.#join(place, userId, userId === "u_ann" ? "owner" : "member");
      this.#shows(place, "group:create");
    }
  }

  /** Does one step in a conversation. */
  do(id: string, step: Step): void {
    const place = this.places.get(id);
    if (place === undefined) return;
    this.#clock += 1;
    switch (step.kind) {
      case "send":
        this.#send(place, step.who);
        break;
      case "edit":
      case "delete":
      case "react":
        this.#change(place, step.kind, step.which);
        break;
      case "seen":
        this.#seen(place, step);
        break;
      case "rename":
        place.rev += 1;
        place.name = `Group ${String(place.rev)}`;
        this.#shows(place, "group:update");
        break;
      default:
        this.#changeMembers(place, step.kind, step.who);
    }
  }

  /** Everything after some revs, in one page; those of whom nothing is known come whole. */
  sync(since: ReadonlyMap<string, number> | null): SyncPage {
    const changes: SyncPage["changes"] = [];
    for (const place of this.places.values()) {
      const known = since?.get(place.id);
      if (!place.members.has(ME)) {
        // It looks back further than the token: what was left shortly before it is told once more.
        if (since !== null) changes.push({ conversationId: place.id, removed: true });
        continue;
      }
      const from = known === undefined || place.joinedRev > known ? 0 : known;
      const members = [...place.memberRevs].filter(([, rev]) => rev > from).map(([userId]) => place.members.get(userId) ?? { userId, removed: true as const });
      // Receipts carry no rev, and are told again rather than not.
      const all = new Map([...members, ...place.members.values()].map((one) => [one.userId, one]));
      changes.push({ conversation: this.view(place), messages: place.messages.filter((one) => one.rev > from), members: [...all.values()] });
    }
    return { changes, complete: true, token: "token" };
  }

  /** How far the caller is with everything now. */
  revs(): Map<string, number> {
    return new Map([...this.places.values()].filter((place) => place.members.has(ME)).map((place) => [place.id, place.rev]));
  }

  view(place: Place): Conversation {
    const own = place.members.get(ME);
    if (own === undefined) throw new Error("not a member");
    const last = place.messages.at(-1) ?? null;
    return {
      conversationId: place.id,
      kind: "group",
      name: place.name,
      photoUrl: null,
      memberCount: place.members.size,
      rev: place.rev,
      lastSeq: place.messages.length,
      lastMessage: last,
      createdAt: at(0),
      updatedAt: last?.createdAt ?? at(0),
      myRole: own.role,
      lastReadSeq: own.lastReadSeq,
      lastDeliveredSeq: own.lastDeliveredSeq,
      unreadCount: place.messages.filter((one) => one.seq > own.lastReadSeq && one.deletedAt === null).length,
      muted: false,
      peer: null,
    };
  }

  #tell(place: Place, event: ServerEvent): void {
    if (place.members.has(ME)) this.events.push(structuredClone(event));
  }

  #shows(place: Place, event: "group:create" | "group:update"): void {
    if (place.members.has(ME)) this.events.push(structuredClone({ event, data: { conversation: this.view(place), rev: place.rev } }));
  }

  #join(place: Place, userId: string, role: Role): Member {
    const seq = place.messages.length;
    const joined = member(userId, { role, joinedAt: at(this.#clock), lastDeliveredSeq: seq, lastReadSeq: seq, user: user(userId) });
    place.members.set(userId, joined);
    place.memberRevs.set(userId, place.rev);
    if (userId === ME) place.joinedRev = place.rev;
    return joined;
  }

  #move(place: Place, userId: string, delivered: number, read: number): Member | undefined {
    const known = place.members.get(userId);
    if (known === undefined) return undefined;
    const lastReadSeq = Math.max(known.lastReadSeq, Math.min(read, place.messages.length));
    const lastDeliveredSeq = Math.max(known.lastDeliveredSeq, Math.min(delivered, place.messages.length), lastReadSeq);
    const moved = { ...known, lastReadSeq, lastDeliveredSeq };
    place.members.set(userId, moved);
    return moved;
  }

  #send(place: Place, who: number): void {
    const senders = [...place.members.keys()];
    const senderId = senders[who % senders.length];
    if (senderId === undefined) return;
    place.rev += 1;
    const seq = place.messages.length + 1;
    const sent = message(seq, { conversationId: place.id, senderId, rev: place.rev, createdAt: at(this.#clock) });
    place.messages.push(sent);
    this.#move(place, senderId, seq, seq);
    this.#tell(place, { event: "chat:receive", data: { message: sent, rev: place.rev } });
  }

  #change(place: Place, kind: "edit" | "delete" | "react", which: number): void {
    const old = place.messages[which % Math.max(1, place.messages.length)];
    if (old?.deletedAt !== null) return;
    place.rev += 1;
    const { rev } = place;
    const changes: Record<typeof kind, Partial<Message>> = {
      edit: { content: `edited ${String(rev)}`, editedAt: at(this.#clock) },
      delete: { content: null, mentions: [], attachments: [], reactions: [], deletedAt: at(this.#clock) },
      react: { reactions: [{ emoji: "👍", count: rev, userIds: ["u_ann"] }] },
    };
    const changed = { ...old, ...changes[kind], rev };
    place.messages[old.seq - 1] = changed;
    const { messageId, seq } = old;
    if (kind === "delete") this.#tell(place, { event: "message:delete", data: { conversationId: place.id, messageId, seq, rev } });
    else this.#tell(place, { event: "message:update", data: { message: changed, rev } });
  }

  #seen(place: Place, { who, isRead, seq }: { who: number; isRead: boolean; seq: number }): void {
    const all = [...place.members.keys()];
    const userId = all[who % all.length] ?? "";
    const moved = this.#move(place, userId, seq, isRead ? seq : 0);
    if (moved === undefined) return;
    const { joinedAt, lastDeliveredSeq, lastReadSeq } = moved;
    this.#tell(place, { event: "chat:seen:update", data: { conversationId: place.id, userId, joinedAt, lastDeliveredSeq, lastReadSeq } });
  }

  #changeMembers(place: Place, kind: "add" | "remove" | "promote", who: number): void {
    const userId = PEOPLE[who % PEOPLE.length] ?? "";
    const known = place.members.get(userId);
    if ((kind === "add") === (known !== undefined) || known?.role === "owner") return;
    const wasIn = place.members.has(ME);
    place.rev += 1;
    const data = { conversationId: place.id, rev: place.rev, added: [] as Member[], removed: [] as string[], changed: [] as Member[] };
    if (known === undefined) data.added.push(this.#join(place, userId, "member"));
    else if (kind === "remove") {
      place.members.delete(userId);
      place.memberRevs.set(userId, place.rev);
      data.removed.push(userId);
    } else {
      const changed = { ...known, role: "admin" as const };
      place.members.set(userId, changed);
      place.memberRevs.set(userId, place.rev);
      data.changed.push(changed);
    }
    // Those removed are told too; who is added is shown the group instead.
    if (wasIn) this.events.push(structuredClone({ event: "group:members", data }));
    else if (userId === ME) this.#shows(place, "group:create");
  }
}
