import type { ChatMessage } from "@parley/client";
import { useState, type KeyboardEvent, type RefObject } from "react";
import type { Scroller } from "../state/scroller";
import type { MenuState } from "./MessageRow";

interface Acts {
  readonly onReply: (message: ChatMessage) => void;
  readonly onMenu: (menu: MenuState) => void;
}

interface MessageKeys {
  /** The message that has or had the focus, by its key. */
  readonly current: string | null;
  readonly setCurrent: (key: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** Arrow keys go from message to message; Enter opens a message's menu, R replies to it, and End goes to the latest. */
export function useMessageKeys(scroller: Scroller, frame: RefObject<HTMLDivElement | null>, { onReply, onMenu }: Acts): MessageKeys {
  const [current, setCurrent] = useState<string | null>(null);

  function focusRow(index: number): void {
    const { items } = scroller.messages;
    const message = items[Math.min(Math.max(index, 0), items.length - 1)];
    if (!message) return;
    setCurrent(message.key);
    scroller.reveal(message);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(message.key)}"]`)?.focus());
  }

  function onKeyDown(event: KeyboardEvent): void {
    const { items } = scroller.messages;
    if (event.key === "End" && event.target === frame.current) scroller.toLatest();
    const index = items.findIndex((item) => item.key === current);
    const message = items[index];
    const row = event.target instanceof HTMLElement && event.target.matches("[data-message]") ? event.target : null;
    // With Alt they go to another conversation.
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !event.altKey) {
      if (!row && event.target !== frame.current) return;
      event.preventDefault();
      focusRow(row ? index + (event.key === "ArrowUp" ? -1 : 1) : items.length - 1);
    } else if (row && message && (event.key === "Enter" || event.key === "ContextMenu")) {
      event.preventDefault();
      onMenu({ message, anchor: row, point: null, react: false });
    } else if (row && message && event.key === "r" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      onReply(message);
    }
  }

  return { current, setCurrent, onKeyDown };
}
