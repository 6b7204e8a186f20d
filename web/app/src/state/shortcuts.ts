import { useParley } from "@parley/react";
import { useEffect } from "react";
import { useLocation } from "wouter";

/** Keys that work anywhere: to the search, to the next and the previous conversation, and the list of all keys. */
export function useShortcuts(onHelp: () => void): void {
  const client = useParley();
  const [location, navigate] = useLocation();
  useEffect(() => {
    function step(by: number): void {
      const ids = client.store.getConversations().map((conversation) => conversation.conversationId);
      const here = ids.findIndex((id) => location.startsWith(`/c/${id}`));
      const next = ids[here < 0 ? 0 : Math.min(Math.max(here + by, 0), ids.length - 1)];
      if (next) navigate(`/c/${next}`);
    }
    function onKey(event: KeyboardEvent): void {
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === "k") {
        document.querySelector<HTMLInputElement>("#find")?.focus();
      } else if (command && event.key === "/") {
        onHelp();
      } else if (event.altKey && !command && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        step(event.key === "ArrowDown" ? 1 : -1);
      } else {
        return;
      }
      event.preventDefault();
    }
    window.addEventListener("keydown", onKey);
    return () => { window.removeEventListener("keydown", onKey); };
  }, [client, location, navigate, onHelp]);
}
