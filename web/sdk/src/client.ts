import { ConversationCalls } from "./client/conversations.js";
import { checkContent } from "./drafts.js";
import { ParleyError } from "./errors.js";
import { putFile } from "./uploads.js";
import { showOutgoing } from "./store/views.js";
import { Window } from "./store/window.js";
import type { Attachment, ChatMessage, Draft, Message, MessageWindow, Page, UploadOptions } from "./types.js";

const MEMBERS_SHOWN_AT_ONCE = 100;

/** Chat for one signed-in person on one device. What it knows is in `store`; calls raise `ParleyError`. */
export class ParleyClient extends ConversationCalls {
  /** A window on the messages, at the latest or around a seq. It begins to load at once. Close it. */
  openMessages(conversationId: string, place: number | "latest" = "latest"): MessageWindow {
    const { http, state, reader } = this.core;
    const window = new Window(conversationId, place, reader, async (id, query) => {
      const path = "/api/messages/conversation/{conversationId}";
      const { items } = await http.call("get", path, { path: { conversationId: id }, query });
      state.putMessages(items);
    });
    this.#loadMembersOf(window);
    return window;
  }

  /**
   * Loads the members of what is opened, unless they are known: at once where they are few, whose names are wanted too. Of a
   * large group, which takes many calls, when it shows a message of the caller's own: its ticks are made of all of them.
   */
  #loadMembersOf(window: MessageWindow): void {
    const { conversationId } = window;
    const look = (): void => {
      const conversation = this.core.state.conversations.get(conversationId);
      if (conversation === undefined || conversation.knowsMembers) return;
      const isLarge = conversation.memberCount > MEMBERS_SHOWN_AT_ONCE;
      if (isLarge && !window.getSnapshot().items.some((item) => item.isOwn && item.seq !== null)) return;
      stop();
      this.loadMembers(conversationId).catch(() => undefined); // Without them only names and ticks are missing.
    };
    const stop = window.subscribe(look);
    look();
  }

  /** Joins a conversation, so that typing, presence and who comes and goes are told, until the function it gives is called. */
  join(conversationId: string): () => void {
    return this.core.live.join(conversationId);
  }

  /** Puts a message into the outbox and shows it at once. Raises only where the draft can never be sent. */
  send(conversationId: string, draft: string | Draft): ChatMessage {
    if (this.getAuth().status !== "signed-in") throw new ParleyError("unauthorized", "Nobody is signed in.");
    const outgoing = this.core.outbox.add(conversationId, typeof draft === "string" ? { content: draft } : draft);
    this.core.live.endTyping(conversationId);
    return showOutgoing(outgoing);
  }

  /** Sends a failed message once more. */
  retry(clientMessageId: string): void {
    this.core.outbox.retry(clientMessageId);
  }

  /** Takes a pending or failed message out of the outbox; false where it is too late. */
  discard(clientMessageId: string): Promise<boolean> {
    return this.core.outbox.discard(clientMessageId);
  }

  /**
   * Gives a message of one's own another content. It is shown at once and kept on the device; settles when it is accepted,
   * which may be when there is a connection again. Raises where it is refused: then what is stored is shown as it is.
   */
  async edit(messageId: string, content: string): Promise<void> {
    checkContent(content);
    await this.core.changes.make(messageId, { kind: "edit", content });
  }

  /** Deletes a message; shown, kept and refused as an edit is. */
  async delete(messageId: string): Promise<void> {
    await this.core.changes.make(messageId, { kind: "delete" });
  }

  /** Adds or removes a reaction; shown, kept and refused as an edit is. */
  async react(messageId: string, emoji: string, { remove = false }: { remove?: boolean } = {}): Promise<void> {
    await this.core.changes.make(messageId, { kind: "react", emoji, remove });
  }

  /** All up to `seq`, or everything, was read. Never fails: it is told when there is a connection. */
  markRead(conversationId: string, seq?: number): void {
    const conversation = this.core.state.conversations.get(conversationId);
    const lastReadSeq = Math.min(seq ?? Infinity, conversation?.lastSeq ?? 0);
    if (conversation?.moveOwn({ lastReadSeq, lastDeliveredSeq: lastReadSeq }) === true) this.core.touched(conversationId);
  }

  /** Call it at every key stroke with true: it is throttled, and ends by itself after a pause. */
  setTyping(conversationId: string, isTyping: boolean): void {
    this.core.live.setTyping(conversationId, isTyping);
  }

  /** Keeps the presence of these people known until the function it gives is called. */
  watchPresence(userIds: readonly string[]): () => void {
    return this.core.live.watch(userIds);
  }

  /** Whole words, without case, newest first. */
  search(query: string, options: { conversationId?: string; cursor?: string; limit?: number } = {}): Promise<Page<Message>> {
    return this.core.http.call("get", "/api/messages/search", { query: { q: query, ...options } });
  }

  async fetchMessage(messageId: string): Promise<Message> {
    const message = await this.core.http.call("get", "/api/messages/{messageId}", { path: { messageId } });
    this.core.state.putMessages([message]);
    return message;
  }

  /** Uploads a file, to be sent with a message. Its `url` shows it here, until the page is left. */
  async upload(file: Blob, options: UploadOptions = {}): Promise<Attachment> {
    const { fileName = (file as Partial<File>).name ?? "file", onProgress, signal } = options;
    // The contract takes no parameters, such as a charset.
    const [type = ""] = (options.contentType ?? file.type).split(";");
    const contentType = type.trim() === "" ? "application/octet-stream" : type.trim();
    const { http, platform } = this.core;
    const { attachmentId, upload } = await http.call("post", "/api/attachments", { body: { fileName, contentType, size: file.size }, ...(signal === undefined ? {} : { signal }) });
    await putFile(platform, upload, file, fileName, onProgress ?? (() => undefined), signal);
    return { attachmentId, fileName, contentType, size: file.size, url: URL.createObjectURL(file) };
  }
}
