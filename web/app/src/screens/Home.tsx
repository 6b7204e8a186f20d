import { useConversation, useParley, useUnread } from "@parley/react";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { useLocation, useRoute, useSearch } from "wouter";
import { ConnectionBanner } from "../parts/ConnectionBanner";
import { Spinner } from "../parts/Spinner";
import { useNotifications } from "../state/notifications";
import { useShortcuts } from "../state/shortcuts";
import { loadAhead } from "../state/ahead";
import { errorText } from "../state/errors";
import { tell } from "../state/toasts";
import { t } from "../strings";
import { Conversation, type Panel } from "./Conversation";
import { Sidebar } from "./Sidebar";

const Settings = lazy(() => import("./Settings").then((module) => ({ default: module.Settings })));
const NewChat = lazy(() => import("./NewChat").then((module) => ({ default: module.NewChat })));
const Shortcuts = lazy(() => import("./Shortcuts").then((module) => ({ default: module.Shortcuts })));

const PANELS: readonly Panel[] = ["info", "search"];

/** What somebody who is signed in sees: the list of conversations, and beside it the one that is open. */
export function Home(): ReactNode {
  const client = useParley();
  const [, navigate] = useLocation();
  const [, chat] = useRoute("/c/:id/:panel?");
  const [, settings] = useRoute("/settings/:tab?");
  const [isNew] = useRoute("/new");
  const [help, setHelp] = useState(false);
  const at = Number(new URLSearchParams(useSearch()).get("at")) || null;
  const open = chat?.id ?? null;
  const panel = PANELS.find((each) => each === chat?.panel) ?? null;

  useTitle(open);
  useNotifications(open);
  useShortcuts(() => { setHelp(true); });
  useEffect(
    () =>
      client.on("removed", ({ conversationId }) => {
        if (conversationId !== open) return;
        tell(t.conversationGone);
        navigate("/", { replace: true });
      }),
    [client, navigate, open],
  );

  useEffect(loadAhead, []);
  useEffect(() => client.on("refused", ({ error }) => { tell(errorText(error), "error"); }), [client]);

  return (
    <div className={`home ${open || settings ? "is-open" : ""}`}>
      <ConnectionBanner />
      <Sidebar open={open} />
      {open ? (
        <Conversation key={open} conversationId={open} at={at} panel={panel} />
      ) : settings ? (
        <Suspense fallback={<Waiting />}>
          <Settings tab={settings.tab ?? "profile"} />
        </Suspense>
      ) : (
        <Nothing />
      )}
      <Suspense fallback={null}>
        {isNew ? <NewChat onClose={() => { navigate("/", { replace: true }); }} /> : null}
        {help ? <Shortcuts onClose={() => { setHelp(false); }} /> : null}
      </Suspense>
    </div>
  );
}

function Waiting(): ReactNode {
  return (
    <main className="pane centred">
      <Spinner label={t.loading} />
    </main>
  );
}

function Nothing(): ReactNode {
  return (
    <main className="pane nothing">
      <img src="/icon.svg" alt="" width={72} height={72} />
      <h1>{t.nothingOpen}</h1>
      <p className="muted">{t.nothingOpenHint}</p>
    </main>
  );
}

function useTitle(open: string | null): void {
  const unread = useUnread();
  const title = useConversation(open)?.title;
  useEffect(() => {
    const name = title ? `${title} · ${t.appName}` : t.appName;
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }, [title, unread]);
}
