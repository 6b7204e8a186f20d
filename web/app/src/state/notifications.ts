import { useParley } from "@parley/react";
import { useEffect, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { preview } from "./messages";
import { read, write } from "./kept";

const listeners = new Set<() => void>();

export type NotificationState = "on" | "off" | "denied" | "unsupported";

function state(): NotificationState {
  if (!("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && read("local", "notify") !== "off" ? "on" : "off";
}

export function useNotificationState(): NotificationState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, state);
}

/** Turns notifications on, which asks the browser, or off. */
export async function setNotifications(on: boolean): Promise<void> {
  write("local", "notify", on ? null : "off");
  if (on && Notification.permission === "default") await Notification.requestPermission();
  for (const listener of listeners) listener();
}

/** Tells of messages that nobody can see coming: the page is hidden, or another conversation is open and the window has no focus. */
export function useNotifications(open: string | null): void {
  const client = useParley();
  const [, navigate] = useLocation();
  useEffect(
    () =>
      client.on("message", ({ message, conversation }) => {
        const isSeen = document.visibilityState === "visible" && (document.hasFocus() || conversation.conversationId === open);
        if (isSeen || conversation.muted || state() !== "on") return;
        const sender = client.store.getUser(message.senderId)?.displayName;
        const text = preview(message);
        // Two tabs of one browser share the tag, so that a message is told once.
        const note = new Notification(conversation.title, {
          body: conversation.kind === "group" && sender ? `${sender}: ${text}` : text,
          tag: message.messageId ?? message.key,
          icon: "/icon.svg",
        });
        note.onclick = () => {
          window.focus();
          navigate(`/c/${conversation.conversationId}`);
          note.close();
        };
      }),
    [client, navigate, open],
  );
}
