import { Core } from "./core.js";
import { checkContent, sizeOf } from "./drafts.js";
import { ParleyError } from "./errors.js";
import { putFile } from "./uploads.js";
import { showOutgoing } from "./store/views.js";
import { Window } from "./store/window.js";
import type { ClientOptions } from "./options.js";
import type { ParleyStore } from "./store.js";
import type {
  Attachment,
  AuthState,
  ChatMessage,
  ClientEvents,
  ConnectionState,
  Conversation,
  Draft,
  Member,
  Message,
  MessageWindow,
  Page,
  Profile,
  Role,
  Session,
  UploadOptions,
  User,
} from "./types.js";

const PAGE_MAX_COUNT = 100;
const MEMBERS_SHOWN_AT_ONCE = 100;
const FRAME_MAX_BYTES = 30_000;

/** Chat for one signed-in person on one device. */
export class ParleyClient {
  readonly #core: Core;
  readonly #deviceName: string | undefined;
  #starting: Promise<AuthState> | null = null;
  readonly #fetching = new Map<string, Promise<User>>();

  constructor(options: ClientOptions = {}) {
    this.#core = new Core(options);
    this.#deviceName = options.deviceName;
  }

  /** What is known, to be shown. */
  get store(): ParleyStore {
    return this.#core.reader;
  }

  /** Reads what the device keeps, and connects if somebody is signed in. Call it once; later calls give the same promise. */
  start(): Promise<AuthState> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Closes sockets, timers and storage. What is in the outbox stays there. The client is of no use afterwards. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#core.stop();
  }

  /** Tells of something whenever it happens, until the function it gives is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#core.events.on(name, listener);
  }

  getAuth(): AuthState {
    return this.#core.auth.state;
  }

  getConnection(): ConnectionState {
    return this.#core.connection.state;
  }

  /** Tries to connect now rather than after the wait. */
  reconnect(): void {
    this.#core.connection.reconnect();
  }

  // Accounts.

  async register(account: { username: string; email: string; password: string; displayName?: string }): Promise<Profile> {
    await this.start();
    const profile = await this.#core.auth.register(account);
    await this.#core.entering;
    return profile;
  }

  /** @param credentials `login` is a username or an email address. */
  async login(credentials: { login: string; password: string }): Promise<Profile> {
    await this.start();
    const deviceName = this.#deviceName;
    const profile = await this.#core.auth.login({ ...credentials, ...(deviceName === undefined ? {} : { deviceName }) });
    await this.#core.entering;
    return profile;
  }

  /** Ends the session here and at the server, and forgets all that the device keeps. */
  async logout(): Promise<void> {
    await this.#core.auth.logout(false);
    await this.#core.entering;
  }

  /** Ends all sessions of the caller; raises where the server cannot be told. */
  async logoutEverywhere(): Promise<void> {
    await this.#core.auth.logout(true);
    await this.#core.entering;
  }

  listSessions(cursor?: string): Promise<Page<Session>> {
    return this.#core.http.call("get", "/api/auth/sessions", { query: { cursor } });
  }

  async endSession(sessionId: string): Promise<void> {
    await this.#core.http.call("delete", "/api/auth/sessions/{sessionId}", { path: { sessionId } });
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.#core.http.call("put", "/api/auth/password", { body: { currentPassword, newPassword } });
  }

  async updateProfile(changes: { displayName?: string; avatarUrl?: string | null; about?: string | null }): Promise<Profile> {
    const profile = await this.#core.http.call("patch", "/api/users/me", { body: changes });
    await this.#core.auth.setUser(profile);
    this.#core.state.putUsers([profile]);
    return profile;
  }

  /** Erases the account: the name is freed, and messages become tombstones. */
  async deleteAccount(password: string): Promise<void> {
    await this.#core.http.call("delete", "/api/users/me", { body: { password } });
    await this.#core.auth.end(null);
    await this.#core.entering;
  }

  // People.

  /** Finds people by the beginning of a name, of two characters or more. */
  searchUsers(query: string, cursor?: string): Promise<Page<User>> {
    return this.#core.http.call("get", "/api/users", { query: { q: query, cursor } });
  }

  /** From the store, or else from the server. */
  async getUser(userId: string): Promise<User> {
    const known = this.#core.state.users.get(userId);
    if (known !== undefined) return known;
    const fetching = this.#fetching.get(userId) ?? this.#fetchUser(userId);
    this.#fetching.set(userId, fetching);
    return fetching;
  }

  async block(userId: string): Promise<void> {
    await this.#core.http.call("put", "/api/users/{userId}/block", { path: { userId } });
  }

  async unblock(userId: string): Promise<void> {
    await this.#core.http.call("delete", "/api/users/{userId}/block", { path: { userId } });
  }

  listBlocked(cursor?: string): Promise<Page<User>> {
    return this.#core.http.call("get", "/api/users/blocks", { query: { cursor } });
  }

  // Conversations.

  /** The conversation with somebody, be it there or not. */
  async openDirect(userId: string): Promise<Conversation> {
    return this.#tell(await this.#core.http.call("post", "/api/conversations", { body: { kind: "direct", memberId: userId } }));
  }

  async createGroup({ name, memberIds, photoUrl }: { name: string; memberIds: readonly string[]; photoUrl?: string | null }): Promise<Conversation> {
    const body = { kind: "group" as const, name, memberIds: [...memberIds], ...(photoUrl == null ? {} : { photoUrl }) };
    return this.#tell(await this.#core.http.call("post", "/api/conversations", { body }));
  }

  async renameGroup(conversationId: string, name: string): Promise<void> {
    this.#tell(await this.#core.http.call("patch", "/api/groups/{conversationId}/rename", { path: { conversationId }, body: { name } }));
  }

  async setGroupPhoto(conversationId: string, photoUrl: string | null): Promise<void> {
    this.#tell(await this.#core.http.call("patch", "/api/groups/{conversationId}/photo", { path: { conversationId }, body: { photoUrl } }));
  }

  async changeMembers(conversationId: string, { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] }): Promise<void> {
    const body = { add: [...add], remove: [...remove] };
    this.#tell(await this.#core.http.call("patch", "/api/groups/{conversationId}/members", { path: { conversationId }, body }));
  }

  async setRole(conversationId: string, userId: string, role: Role): Promise<void> {
    const path = { conversationId, userId };
    await this.#core.http.call("patch", "/api/groups/{conversationId}/members/{userId}", { path, body: { role } });
  }

  async leaveGroup(conversationId: string): Promise<void> {
    await this.#core.http.call("post", "/api/groups/{conversationId}/leave", { path: { conversationId } });
    this.#core.state.remove(conversationId);
  }

  async deleteGroup(conversationId: string): Promise<void> {
    await this.#core.http.call("delete", "/api/groups/{conversationId}", { path: { conversationId } });
    this.#core.state.remove(conversationId);
  }

  async setMuted(conversationId: string, muted: boolean): Promise<void> {
    this.#tell(await this.#core.http.call("patch", "/api/conversations/{conversationId}", { path: { conversationId }, body: { muted } }));
  }

  /** Loads all members into the store. */
  async loadMembers(conversationId: string): Promise<readonly Member[]> {
    const { http, state, reader } = this.#core;
    const rev = state.conversations.get(conversationId)?.newestRev ?? 0;
    let cursor: string | null | undefined;
    do {
      const query = { limit: PAGE_MAX_COUNT, cursor };
      const page = await http.call("get", "/api/conversations/{conversationId}/members", { path: { conversationId }, query });
      state.putMembers(conversationId, page.items, rev);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return reader.getMembers(conversationId);
  }

  // Messages.

  /** A window on the messages, at the latest or around a seq. It begins to load at once. Close it. */
  openMessages(conversationId: string, place: number | "latest" = "latest"): MessageWindow {
    const { http, state, reader } = this.#core;
    const conversation = state.conversations.get(conversationId);
    if (conversation !== undefined && conversation.memberCount <= MEMBERS_SHOWN_AT_ONCE && conversation.members.list().length < conversation.memberCount) {
      this.loadMembers(conversationId).catch(() => undefined); // Without them only names and ticks are missing.
    }
    return new Window(conversationId, place, reader, async (id, query) => {
      const path = "/api/messages/conversation/{conversationId}";
      const { items } = await http.call("get", path, { path: { conversationId: id }, query });
      state.putMessages(items);
    });
  }

  /** Joins a conversation, so that typing, presence and who comes and goes are told, until the function it gives is called. */
  join(conversationId: string): () => void {
    return this.#core.live.join(conversationId);
  }

  /** Puts a message into the outbox and shows it at once. Raises only where the draft can never be sent. */
  send(conversationId: string, draft: string | Draft): ChatMessage {
    if (this.getAuth().status !== "signed-in") throw new ParleyError("unauthorized", "Nobody is signed in.");
    const outgoing = this.#core.outbox.add(conversationId, typeof draft === "string" ? { content: draft } : draft);
    this.#core.live.endTyping(conversationId);
    return showOutgoing(outgoing);
  }

  /** Sends a failed message once more. */
  retry(clientMessageId: string): void {
    this.#core.outbox.retry(clientMessageId);
  }

  /** Takes a pending or failed message out of the outbox; false where it is too late. */
  discard(clientMessageId: string): Promise<boolean> {
    return this.#core.outbox.discard(clientMessageId);
  }

  /** Gives a message of one's own another content: settles when that is accepted; the store follows. */
  async edit(messageId: string, content: string): Promise<void> {
    checkContent(content);
    const socket = this.#core.connection.socket;
    if (socket !== null && sizeOf(content) < FRAME_MAX_BYTES) await socket.request("edit", { messageId, content });
    else await this.#core.http.call("put", "/api/chat/{messageId}", { path: { messageId }, body: { content } });
  }

  async delete(messageId: string): Promise<void> {
    const socket = this.#core.connection.socket;
    if (socket !== null) await socket.request("delete", { messageId });
    else await this.#core.http.call("delete", "/api/chat/{messageId}", { path: { messageId } });
  }

  async react(messageId: string, emoji: string, { remove = false }: { remove?: boolean } = {}): Promise<void> {
    const socket = this.#core.connection.socket;
    if (socket !== null) await socket.request("react", { messageId, emoji, remove });
    else await this.#core.http.call(remove ? "delete" : "put", "/api/chat/{messageId}/reactions/{emoji}", { path: { messageId, emoji } });
  }

  /** All up to `seq`, or everything, was read. Never fails: it is told when there is a connection. */
  markRead(conversationId: string, seq?: number): void {
    const conversation = this.#core.state.conversations.get(conversationId);
    const lastReadSeq = Math.min(seq ?? Infinity, conversation?.lastSeq ?? 0);
    if (conversation?.moveOwn({ lastReadSeq, lastDeliveredSeq: lastReadSeq }) === true) this.#core.touched(conversationId);
  }

  /** Call it at every key stroke with true: it is throttled, and ends by itself after a pause. */
  setTyping(conversationId: string, isTyping: boolean): void {
    this.#core.live.setTyping(conversationId, isTyping);
  }

  /** Keeps the presence of these people known until the function it gives is called. */
  watchPresence(userIds: readonly string[]): () => void {
    return this.#core.live.watch(userIds);
  }

  /** Whole words, without case, newest first. */
  search(query: string, options: { conversationId?: string; cursor?: string; limit?: number } = {}): Promise<Page<Message>> {
    return this.#core.http.call("get", "/api/messages/search", { query: { q: query, ...options } });
  }

  async fetchMessage(messageId: string): Promise<Message> {
    const message = await this.#core.http.call("get", "/api/messages/{messageId}", { path: { messageId } });
    this.#core.state.putMessages([message]);
    return message;
  }

  /** Uploads a file, to be sent with a message. Its `url` shows it here, until the page is left. */
  async upload(file: Blob, options: UploadOptions = {}): Promise<Attachment> {
    const { fileName = (file as Partial<File>).name ?? "file", onProgress, signal } = options;
    // The contract takes no parameters, such as a charset.
    const [type = ""] = (options.contentType ?? file.type).split(";");
    const contentType = type.trim() === "" ? "application/octet-stream" : type.trim();
    const { http, platform } = this.#core;
    const { attachmentId, upload } = await http.call("post", "/api/attachments", { body: { fileName, contentType, size: file.size }, ...(signal === undefined ? {} : { signal }) });
    await putFile(platform, upload, file, fileName, onProgress ?? (() => undefined), signal);
    return { attachmentId, fileName, contentType, size: file.size, url: URL.createObjectURL(file) };
  }

  async #start(): Promise<AuthState> {
    await this.#core.auth.restore();
    await this.#core.entering;
    return this.#core.auth.state;
  }

  #tell(conversation: Conversation): Conversation {
    this.#core.state.tell(conversation);
    return conversation;
  }

  async #fetchUser(userId: string): Promise<User> {
    try {
      const user = await this.#core.http.call("get", "/api/users/{userId}", { path: { userId } });
      this.#core.state.putUsers([user]);
      return user;
    } finally {
      this.#fetching.delete(userId);
    }
  }
}
