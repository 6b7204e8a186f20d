import { AccountCalls } from "./accounts.js";
import type { Conversation, Member, Role } from "../types.js";

const PAGE_MAX_COUNT = 100;

/** Calls about conversations and their members. */
export abstract class ConversationCalls extends AccountCalls {
  readonly #loading = new Map<string, Promise<readonly Member[]>>();

  /** The conversation with somebody, be it there or not. */
  async openDirect(userId: string): Promise<Conversation> {
    return this.#tell(await this.core.http.call("post", "/api/conversations", { body: { kind: "direct", memberId: userId } }));
  }

  async createGroup({ name, memberIds, photoUrl }: { name: string; memberIds: readonly string[]; photoUrl?: string | null }): Promise<Conversation> {
    const body = { kind: "group" as const, name, memberIds: [...memberIds], ...(photoUrl == null ? {} : { photoUrl }) };
    return this.#tell(await this.core.http.call("post", "/api/conversations", { body }));
  }

  async renameGroup(conversationId: string, name: string): Promise<void> {
    this.#tell(await this.core.http.call("patch", "/api/groups/{conversationId}/rename", { path: { conversationId }, body: { name } }));
  }

  async setGroupPhoto(conversationId: string, photoUrl: string | null): Promise<void> {
    this.#tell(await this.core.http.call("patch", "/api/groups/{conversationId}/photo", { path: { conversationId }, body: { photoUrl } }));
  }

  async changeMembers(conversationId: string, { add = [], remove = [] }: { add?: readonly string[]; remove?: readonly string[] }): Promise<void> {
    const body = { add: [...add], remove: [...remove] };
    this.#tell(await this.core.http.call("patch", "/api/groups/{conversationId}/members", { path: { conversationId }, body }));
  }

  async setRole(conversationId: string, userId: string, role: Role): Promise<void> {
    const path = { conversationId, userId };
    await this.core.http.call("patch", "/api/groups/{conversationId}/members/{userId}", { path, body: { role } });
  }

  async leaveGroup(conversationId: string): Promise<void> {
    await this.core.http.call("post", "/api/groups/{conversationId}/leave", { path: { conversationId } });
    this.core.state.remove(conversationId);
  }

  async deleteGroup(conversationId: string): Promise<void> {
    await this.core.http.call("delete", "/api/groups/{conversationId}", { path: { conversationId } });
    this.core.state.remove(conversationId);
  }

  async setMuted(conversationId: string, muted: boolean): Promise<void> {
    this.#tell(await this.core.http.call("patch", "/api/conversations/{conversationId}", { path: { conversationId }, body: { muted } }));
  }

  /** Loads all members into the store; those who ask for them at the same time are served by the same calls. */
  loadMembers(conversationId: string): Promise<readonly Member[]> {
    const known = this.#loading.get(conversationId);
    if (known !== undefined) return known;
    const loading = this.#loadMembers(conversationId).finally(() => this.#loading.delete(conversationId));
    this.#loading.set(conversationId, loading);
    return loading;
  }

  async #loadMembers(conversationId: string): Promise<readonly Member[]> {
    const { http, state, reader } = this.core;
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

  #tell(conversation: Conversation): Conversation {
    this.core.state.tell(conversation);
    return conversation;
  }
}
