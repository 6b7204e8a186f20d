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

/** Chat for one signed-in person on one device. */
export declare class ParleyClient {
  constructor(options?: ClientOptions);

  readonly store: ParleyStore;

  /** Reads what the device keeps, and connects if somebody is signed in. Call it once; later calls give the same promise. */
  start(): Promise<AuthState>;
  /** Closes sockets, timers and storage. What is in the outbox stays there. */
  stop(): Promise<void>;
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void;

  getAuth(): AuthState;
  getConnection(): ConnectionState;
  /** Tries to connect now rather than after the wait. */
  reconnect(): void;

  register(account: { username: string; email: string; password: string; displayName?: string }): Promise<Profile>;
  /** @param credentials `login` is a username or an email address. */
  login(credentials: { login: string; password: string }): Promise<Profile>;
  /** Ends the session here and at the server, and forgets all that the device keeps. */
  logout(): Promise<void>;
  logoutEverywhere(): Promise<void>;
  listSessions(cursor?: string): Promise<Page<Session>>;
  endSession(sessionId: string): Promise<void>;
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  updateProfile(changes: { displayName?: string; avatarUrl?: string | null; about?: string | null }): Promise<Profile>;
  deleteAccount(password: string): Promise<void>;

  searchUsers(query: string, cursor?: string): Promise<Page<User>>;
  /** From the store, or else from the server. */
  getUser(userId: string): Promise<User>;
  block(userId: string): Promise<void>;
  unblock(userId: string): Promise<void>;
  listBlocked(cursor?: string): Promise<Page<User>>;

  openDirect(userId: string): Promise<Conversation>;
  createGroup(group: { name: string; memberIds: readonly string[]; photoUrl?: string | null }): Promise<Conversation>;
  renameGroup(conversationId: string, name: string): Promise<void>;
  setGroupPhoto(conversationId: string, photoUrl: string | null): Promise<void>;
  changeMembers(conversationId: string, changes: { add?: readonly string[]; remove?: readonly string[] }): Promise<void>;
  setRole(conversationId: string, userId: string, role: Role): Promise<void>;
  leaveGroup(conversationId: string): Promise<void>;
  deleteGroup(conversationId: string): Promise<void>;
  setMuted(conversationId: string, muted: boolean): Promise<void>;
  /** Loads all members into the store. */
  loadMembers(conversationId: string): Promise<readonly Member[]>;

  /** A window on the messages, at the latest or around a seq. It begins to load at once. Close it. */
  openMessages(conversationId: string, place?: number | "latest"): MessageWindow;
  /** Joins a conversation, so that typing, presence and who comes and goes are told, until the function it gives is called. */
  join(conversationId: string): () => void;
  /** Puts a message into the outbox and shows it at once. It throws only where the draft can never be sent. */
  send(conversationId: string, draft: string | Draft): ChatMessage;
  /** Sends a failed message once more. */
  retry(clientMessageId: string): void;
  /** Takes a pending or failed message out of the outbox; false where it is too late. */
  discard(clientMessageId: string): Promise<boolean>;
  edit(messageId: string, content: string): Promise<void>;
  delete(messageId: string): Promise<void>;
  react(messageId: string, emoji: string, options?: { remove?: boolean }): Promise<void>;
  /** All up to `seq`, or everything, was read. Never fails: it is told when there is a connection. */
  markRead(conversationId: string, seq?: number): void;
  /** Call it at every key stroke with true: it is throttled, and ends by itself after a pause. */
  setTyping(conversationId: string, isTyping: boolean): void;
  /** Keeps the presence of these people known until the function it gives is called. */
  watchPresence(userIds: readonly string[]): () => void;

  search(query: string, options?: { conversationId?: string; cursor?: string; limit?: number }): Promise<Page<Message>>;
  fetchMessage(messageId: string): Promise<Message>;
  /** Uploads a file, to be sent with a message. */
  upload(file: Blob, options?: UploadOptions): Promise<Attachment>;
}
