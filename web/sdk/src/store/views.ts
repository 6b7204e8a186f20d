import { applyChange } from "./change.js";
import type { Change } from "./change.js";
import type { ConversationState } from "./conversation.js";
import type { Pointers } from "./members.js";
import type { Outgoing } from "../outgoing.js";
import type { ChatMessage, ConversationView, Message, MessageState } from "../types.js";

/** Shows stored messages; the same version in the same state, with the same changes on their way, is the same object again. */
export class MessageViews {
  readonly #known = new WeakMap<Message, { readonly view: ChatMessage; readonly changes: readonly Change[] }>();

  show(message: Message, userId: string, floors: Pointers | null, changes: readonly Change[]): ChatMessage {
    const isOwn = message.senderId === userId;
    const state = isOwn ? stateOf(message.seq, floors) : "stored";
    const known = this.#known.get(message);
    if (known?.view.state === state && known.changes === changes) return known.view;
    const key = `${message.senderId}:${message.clientMessageId}`;
    const { deletedAt, ...shown } = changes.reduce(applyChange, message);
    const isDeleted = deletedAt !== null;
    // What tells of a deletion does not tell when it was, nor of an edit before it: neither is shown, so that all see the same.
    const editedAt = isDeleted ? null : shown.editedAt;
    const view: ChatMessage = { ...shown, editedAt, isDeleted, isChanging: changes.length > 0, key, isOwn, state, error: null };
    this.#known.set(message, { view, changes });
    return view;
  }
}

function stateOf(seq: number, floors: Pointers | null): MessageState {
  if (floors === null) return "stored";
  return floors.lastReadSeq >= seq ? "read" : floors.lastDeliveredSeq >= seq ? "delivered" : "stored";
}

const OUTGOING_VIEWS = new WeakMap<Outgoing, ChatMessage>();

/** Shows a message that is on its way. */
export function showOutgoing(outgoing: Outgoing): ChatMessage {
  const known = OUTGOING_VIEWS.get(outgoing);
  if (known !== undefined) return known;
  const view: ChatMessage = {
    ...outgoing,
    key: `${outgoing.senderId}:${outgoing.clientMessageId}`,
    seq: null,
    rev: 0,
    isOwn: true,
    reactions: [],
    editedAt: null,
    isDeleted: false,
    isChanging: false,
  };
  OUTGOING_VIEWS.set(outgoing, view);
  return view;
}

/** Shows a conversation, with the newest of what is stored and what is on its way. */
export function showConversation(state: ConversationState, lastMessage: ChatMessage | null): ConversationView {
  const { told, lastSeq, own, memberCount, myRole, unreadCount, updatedAt } = state;
  return {
    ...told,
    rev: state.newestRev,
    lastSeq,
    memberCount,
    myRole,
    unreadCount,
    updatedAt: lastMessage !== null && lastMessage.createdAt > updatedAt ? lastMessage.createdAt : updatedAt,
    lastReadSeq: own.lastReadSeq,
    lastDeliveredSeq: own.lastDeliveredSeq,
    lastMessage,
    title: told.name ?? told.peer?.displayName ?? "",
  };
}
