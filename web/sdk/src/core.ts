import { Auth } from "./auth.js";
import { Changes } from "./changes.js";
import { Emitter } from "./emitter.js";
import { asParleyError } from "./errors.js";
import { Live } from "./live.js";
import { Connection } from "./net/connection.js";
import { Http } from "./net/http.js";
import { Sync } from "./net/sync.js";
import { Outbox } from "./outbox.js";
import { listen, makePlatform } from "./platform.js";
import { Receipts } from "./receipts.js";
import { Keeper } from "./storage/keeper.js";
import { openStorage } from "./storage/storage.js";
import { StoreReader } from "./store/reader.js";
import { State } from "./store/state.js";
import { Tabs } from "./tabs.js";
import type { AuthWatcher } from "./auth.js";
import type { ChangesWatcher } from "./changes.js";
import type { ParleyError } from "./errors.js";
import type { ServerEvent } from "./events.js";
import type { ConnectionUser } from "./net/connection.js";
import type { Socket } from "./net/socket.js";
import type { ClientOptions } from "./options.js";
import type { Outgoing } from "./outgoing.js";
import type { OutboxWatcher } from "./outbox.js";
import type { Surface } from "./platform.js";
import type { DeviceStorage } from "./storage/storage.js";
import type { Change } from "./store/change.js";
import type { StateWatcher } from "./store/state.js";
import type { TabNews } from "./tabs.js";
import type { AuthState, ClientEvents, ConnectionState, Message } from "./types.js";

/** An acknowledged message that is not seen stored for so long is asked for. */
const LOST_MS = 30_000;

/** All parts of a client, and what each tells the others. */
export class Core implements AuthWatcher, ConnectionUser, StateWatcher, OutboxWatcher, ChangesWatcher {
  readonly events = new Emitter<ClientEvents>();
  readonly platform: Surface;
  readonly http: Http;
  readonly state: State;
  readonly reader: StoreReader;
  readonly auth: Auth;
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly changes: Changes;
  readonly live: Live;
  readonly receipts: Receipts;
  /** Settles when what belongs to the last change of who is signed in has been done. */
  entering: Promise<void> = Promise.resolve();

  readonly #storage: DeviceStorage;
  readonly #sync: Sync;
  readonly #keeper: Keeper;
  readonly #tabs: Tabs;
  readonly #stopListening: () => void;
  #userId = "";
  #epoch = 0;

  constructor(options: ClientOptions) {
    const url = (options.url ?? (globalThis as { location?: Location }).location?.origin ?? "").replace(/\/+$/, "");
    const name = `parley:${options.namespace ?? ""}:${url}`;
    this.platform = makePlatform(options.platform);
    this.#storage = openStorage(this.platform, name, options.storage ?? "auto");
    this.http = new Http(url, this.platform);
    this.state = new State(this, this.platform.now);
    const getSocket = (): Socket | null => this.connection.socket;
    this.connection = new Connection(this.http, this.platform, this);
    this.outbox = new Outbox(this.http, this.#storage, this.platform, this, getSocket, name);
    this.changes = new Changes(this.http, this.#storage, this.platform, this.state, this, getSocket, name);
    this.live = new Live(this.http, this.platform, this.state, getSocket);
    this.receipts = new Receipts(this.platform, this.state, getSocket);
    this.reader = new StoreReader(this.state, {
      outgoing: (conversationId) => this.outbox.of(conversationId),
      changes: (messageId) => this.changes.of(messageId),
      typing: (conversationId) => this.live.typing(conversationId),
    });
    this.#sync = new Sync(this.http, this.platform, this.state, getSocket, () => {
      this.#synced();
    });
    const broken = (error: Error): void => {
      this.broken(error);
    };
    this.#keeper = new Keeper(this.#storage, this.platform, this.state, () => this.#sync.completeToken, broken, name);
    this.#tabs = new Tabs(this.platform, name, this.#storage.isShared, (news) => {
      this.#heardTab(news);
    });
    this.auth = new Auth(this.http, this.#storage, this.platform, this, name);
    this.http.credentials = this.auth;
    // The last moment that a page is sure to have.
    this.#stopListening = listen(this.platform, ["pagehide", "visibilitychange"], () => void this.#keeper.save());
  }

  /** Ends everything; what is on its way is kept. */
  async stop(): Promise<void> {
    this.#epoch += 1;
    this.connection.dispose();
    this.outbox.stop();
    this.changes.clear();
    this.receipts.stop();
    this.live.clear();
    this.#stopListening();
    await this.#keeper.stop(true);
    this.#tabs.close();
    this.#storage.close();
  }

  // Who is signed in.

  authChanged(state: AuthState, isOwn: boolean): void {
    const userId = state.user?.userId ?? "";
    if (userId !== this.#userId) {
      this.#userId = userId;
      this.#epoch += 1;
      const epoch = this.#epoch;
      this.#leave();
      this.state.userId = this.outbox.userId = this.changes.userId = userId;
      const isForced = state.endedBecause !== null;
      this.entering = this.entering
        .then(() => this.#enter(userId, isOwn && !isForced, epoch))
        .catch((error: unknown) => {
          this.broken(asParleyError(error));
        });
    }
    if (isOwn) void this.entering.then(() => { this.#tabs.tell("auth"); });
    this.events.emit("auth", state);
  }

  /** Forgets whoever was signed in. */
  #leave(): void {
    this.connection.stop();
    this.#sync.reset();
    this.receipts.stop();
    this.live.clear();
    this.outbox.clear();
    this.changes.clear();
    this.reader.clear();
    this.state.clear();
  }

  /** Takes up what the device keeps of whoever is signed in now, and connects. */
  async #enter(userId: string, isToForget: boolean, epoch: number): Promise<void> {
    await this.#keeper.stop(false);
    if (userId === "") {
      // Who signed out wants to leave nothing behind; whose session was ended will find it again.
      if (isToForget) await this.#forget();
      return;
    }
    if (this.#isOver(epoch)) return;
    const lastId = (await this.#storage.get("meta", "user")) as string | undefined;
    if (lastId !== undefined && lastId !== userId) await this.#forget();
    await this.#storage.write([{ area: "meta", key: "user", value: userId }]);
    if (this.#isOver(epoch)) return;
    const token = await this.#read(this.#keeper.restore(userId));
    if (this.#isOver(epoch)) return;
    this.#sync.restore(token ?? null);
    await this.#read(this.outbox.restore());
    await this.#read(this.changes.restore());
    if (this.#isOver(epoch)) return;
    this.#settleAll();
    this.#keeper.start();
    this.connection.start();
    // The first state is there as soon as it can be, be there a socket or not.
    if (token === undefined || token === null) this.#sync.run(null).catch(() => undefined);
  }

  /** What the device keeps; where that cannot be read it is told, and sync brings everything anew. */
  async #read<Kept>(reading: Promise<Kept>): Promise<Kept | undefined> {
    try {
      return await reading;
    } catch (error) {
      this.broken(asParleyError(error));
      return undefined;
    }
  }

  #isOver(epoch: number): boolean {
    return epoch !== this.#epoch;
  }

  async #forget(): Promise<void> {
    await this.#storage.clear(["cache", "outbox", "changes"]);
    await this.#storage.write([
      { area: "meta", key: "sync" },
      { area: "meta", key: "user" },
    ]);
  }

  #heardTab(news: TabNews): void {
    const reading = news === "auth" ? this.auth.restore() : this.outbox.restore().then(() => { this.#settleAll(); });
    reading.catch((error: unknown) => {
      this.broken(asParleyError(error));
    });
  }

  // The connection.

  connectionChanged(state: ConnectionState): void {
    this.events.emit("connection", state);
  }

  heard(events: readonly ServerEvent[]): void {
    this.state.topics.change(() => {
      for (const event of events) this.state.apply(event);
    });
    this.#sync.watch();
    this.#keeper.wake();
  }

  async serve(socket: Socket): Promise<void> {
    this.live.serve(socket);
    this.outbox.kick();
    this.changes.kick();
    await this.#sync.run(socket);
    this.receipts.wake();
  }

  ended(reason: string): void {
    void this.auth.end(reason);
  }

  #synced(): void {
    this.#keeper.wake();
    this.receipts.wake();
    const now = this.platform.now();
    for (const outgoing of this.outbox.accepted()) {
      if (!this.state.conversations.has(outgoing.conversationId)) this.outbox.leave(outgoing.conversationId);
      else if (now - Date.parse(outgoing.createdAt) > LOST_MS && outgoing.messageId !== null) void this.fetchStored(outgoing.messageId);
    }
  }


  // The state and the outbox.

  stored(message: Message, isNews: boolean): void {
    this.#keeper.wake();
    if (message.senderId === this.#userId) {
      this.outbox.settle(message.clientMessageId);
      return;
    }
    const { conversationId } = message;
    const conversation = this.state.conversations.get(conversationId);
    if (conversation?.moveOwn({ lastDeliveredSeq: message.seq, lastReadSeq: 0 }) === true) this.receipts.wake();
    if (!isNews) return;
    // Told when the change is through, of which it may be one of many.
    queueMicrotask(() => {
      const view = this.reader.getConversation(conversationId);
      const shown = this.reader.getMessage(message.messageId);
      if (view !== undefined && shown !== undefined) this.events.emit("message", { message: shown, conversation: view });
    });
  }

  changed(message: Message): void {
    this.changes.note(message);
  }

  removed(conversationId: string): void {
    this.outbox.leave(conversationId);
    this.#keeper.wake();
    queueMicrotask(() => {
      this.events.emit("removed", { conversationId });
    });
  }

  typed(conversationId: string, userId: string, isTyping: boolean): void {
    this.live.note(conversationId, userId, isTyping);
  }

  failed(outgoing: Outgoing): void {
    const message = this.reader.showOutgoing(outgoing.conversationId).find((shown) => shown.clientMessageId === outgoing.clientMessageId);
    if (message !== undefined) this.events.emit("failed", { message });
  }

  broken(error: Error): void {
    this.events.emit("error", error);
  }

  /** Fetches a message that must have been stored or changed long since. */
  async fetchStored(messageId: string): Promise<void> {
    try {
      this.state.putMessages([await this.http.call("get", "/api/messages/{messageId}", { path: { messageId } })]);
    } catch {
      // It is asked for after the next sync, or comes with it.
    }
  }

  refused({ messageId, kind }: Change, error: ParleyError): void {
    this.events.emit("refused", { messageId, kind, error });
  }

  spread(): void {
    this.#tabs.tell("outbox");
  }

  /** Something of the caller's own was changed here. */
  touched(conversationId: string): void {
    const conversation = this.state.conversations.get(conversationId);
    if (conversation !== undefined) this.state.touch(conversation);
    this.#keeper.wake();
    this.receipts.wake();
  }

  outboxChanged(conversationIds: ReadonlySet<string>): void {
    this.state.topics.change(() => {
      for (const id of conversationIds) this.state.touchShown(id);
    });
  }

  /** Takes out of the outbox what is known to be stored. */
  #settleAll(): void {
    for (const conversation of this.state.conversations.values()) {
      const waiting = new Set(this.outbox.of(conversation.id).map((outgoing) => outgoing.clientMessageId));
      if (waiting.size === 0) continue;
      for (const { senderId, clientMessageId } of conversation.messages.values()) {
        if (senderId === this.#userId && waiting.has(clientMessageId)) this.outbox.settle(clientMessageId);
      }
    }
  }
}
