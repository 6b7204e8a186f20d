import type { Message, Reaction } from "../types.js";

interface BaseChange {
  readonly userId: string;
  readonly messageId: string;
  /** The rev of the message that it was made on; 0 where that was not here. */
  readonly baseRev: number;
  readonly createdAt: string;
}

/** What can be asked to be changed of a stored message. */
export type Wanted = { readonly kind: "edit"; readonly content: string } | { readonly kind: "delete" } | { readonly kind: "react"; readonly emoji: string; readonly remove: boolean };

/** A change that was made here, and is not seen in what is stored yet. */
export type Change = BaseChange & Wanted;

/** What a message is with a change; the same object where that makes no difference. */
export function applyChange(message: Message, change: Change): Message {
  if (message.deletedAt !== null) return message;
  switch (change.kind) {
    case "edit":
      return message.content === change.content ? message : { ...message, content: change.content, editedAt: change.createdAt };
    case "delete":
      return makeTombstone(message, message.rev, change.createdAt);
    case "react": {
      const reactions = changeReactions(message.reactions, change);
      return reactions === message.reactions ? message : { ...message, reactions };
    }
  }
}

/** What is left of a deleted message, as the contract says. */
export function makeTombstone(message: Message, rev: number, at: string): Message {
  return { ...message, rev, content: null, mentions: [], attachments: [], reactions: [], deletedAt: message.deletedAt ?? at };
}

/** Whether a stored message shows that a change was made, or never will be: a deleted one does not change. */
export function isMade(message: Message, change: Change): boolean {
  if (message.deletedAt !== null) return true;
  if (change.kind !== "react") return change.kind === "edit" && message.content === change.content;
  const known = message.reactions.find(({ emoji }) => emoji === change.emoji);
  if (known?.userIds.includes(change.userId) === true) return !change.remove;
  // Of many who reacted the message names the first alone: then a newer version is taken for it.
  return isCut(known) ? message.rev > change.baseRev : change.remove;
}

/** Changes of one thing are made one after the other; those of different things are not. */
export function subjectOf(change: Change): string {
  return change.kind === "react" ? `react:${change.emoji}` : change.kind;
}

function changeReactions(reactions: Message["reactions"], { emoji, remove, userId }: Change & { readonly kind: "react" }): Message["reactions"] {
  const known = reactions.find((one) => one.emoji === emoji);
  if (known === undefined) return remove ? reactions : [...reactions, { emoji, count: 1, userIds: [userId] }];
  if (known.userIds.includes(userId) ? !remove : remove && !isCut(known)) return reactions;
  const userIds = remove ? known.userIds.filter((id) => id !== userId) : [...known.userIds, userId];
  const changed = { emoji, count: known.count + (remove ? -1 : 1), userIds };
  return reactions.flatMap((one) => (one !== known ? [one] : changed.count > 0 ? [changed] : []));
}

/** Whether not all who reacted are named. */
function isCut(reaction: Reaction | undefined): boolean {
  return reaction !== undefined && reaction.count > reaction.userIds.length;
}
