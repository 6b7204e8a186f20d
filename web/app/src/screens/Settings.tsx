import type { Page, Session, User } from "@parley/client";
import { useAuth, useParley } from "@parley/react";
import { ArrowLeft } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Avatar } from "../parts/Avatar";
import { Field } from "../parts/Field";
import { IconButton } from "../parts/IconButton";
import { Spinner } from "../parts/Spinner";
import { errorText, fieldErrors, passwordErrorText } from "../state/errors";
import { lastSeen, wholeTime } from "../state/format";
import { forgetKept } from "../state/kept";
import { setNotifications, useNotificationState } from "../state/notifications";
import { setTheme, THEMES, useTheme } from "../state/theme";
import { attempt, tell } from "../state/toasts";
import { t } from "../strings";

const Confirm = lazy(() => import("../parts/Confirm").then((module) => ({ default: module.Confirm })));
const EraseAccount = lazy(() => import("./EraseAccount").then((module) => ({ default: module.EraseAccount })));

const TABS = { profile: ProfileTab, appearance: AppearanceTab, sessions: SessionsTab, privacy: PrivacyTab } as const;
const NAMES = Object.keys(TABS) as readonly (keyof typeof TABS)[];

export function Settings({ tab }: { tab: string }): ReactNode {
  const [, navigate] = useLocation();
  const chosen = NAMES.find((name) => name === tab) ?? "profile";
  const Tab = TABS[chosen];
  return (
    <main className="pane settings">
      <header className="chat-head">
        <IconButton label={t.back} className="back" onClick={() => { navigate("/"); }}>
          <ArrowLeft />
        </IconButton>
        <h1>{t.settings.title}</h1>
      </header>
      <nav className="tabs" aria-label={t.settings.title}>
        {NAMES.map((name) => (
          <Link key={name} href={`/settings/${name}`} replace aria-current={name === chosen ? "page" : undefined}>
            {t.settings[name]}
          </Link>
        ))}
      </nav>
      <div className="settings-body scrolls">
        <Tab />
      </div>
    </main>
  );
}

function ProfileTab(): ReactNode {
  const client = useParley();
  const { user } = useAuth();
  const [displayName, setDisplayName] = useState(user?.displayName ?? "");
  const [about, setAbout] = useState(user?.about ?? "");
  const [avatarUrl, setAvatarUrl] = useState(user?.avatarUrl ?? "");
  const [errors, setErrors] = useState<Record<string, string>>({});
  if (!user) return null;

  async function save(): Promise<void> {
    setErrors({});
    try {
      await client.updateProfile({ displayName: displayName.trim(), about: about.trim() || null, avatarUrl: avatarUrl.trim() || null });
      tell(t.saved);
    } catch (error) {
      setErrors(fieldErrors(error, ["displayName", "about", "avatarUrl"]));
    }
  }

  return (
    <form
      className="card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="profile">
        <Avatar id={user.userId} name={displayName || user.username} url={avatarUrl} size="large" />
        <p>
          <b>@{user.username}</b>
        </p>
        <p className="muted">{user.email}</p>
      </div>
      <Field label={t.displayName} value={displayName} maxLength={100} error={errors.displayName} onChange={setDisplayName} />
      <Field label={t.about} value={about} error={errors.about} onChange={setAbout} />
      <Field label={t.photoUrl} hint={t.photoUrlHint} type="url" value={avatarUrl} error={errors.avatarUrl} onChange={setAvatarUrl} />
      {errors[""] ? (
        <p className="form-error" role="alert">
          {errors[""]}
        </p>
      ) : null}
      <div className="actions">
        <button type="submit" className="button primary">
          {t.save}
        </button>
      </div>
    </form>
  );
}

function AppearanceTab(): ReactNode {
  const theme = useTheme();
  const notifications = useNotificationState();
  return (
    <>
      <fieldset className="card">
        <legend>{t.theme}</legend>
        {THEMES.map((name) => (
          <label key={name} className="choice">
            <input type="radio" name="theme" checked={theme === name} onChange={() => { setTheme(name); }} />
            {t.themes[name]}
          </label>
        ))}
      </fieldset>
      <fieldset className="card">
        <legend>{t.notifications}</legend>
        <label className="choice">
          <input type="checkbox" role="switch" className="switch" checked={notifications === "on"} disabled={notifications === "denied" || notifications === "unsupported"} onChange={(event) => void setNotifications(event.target.checked)} />
          {t.notifyMe}
        </label>
        <p className="muted">{t.notificationStates[notifications]}</p>
      </fieldset>
    </>
  );
}

function SessionsTab(): ReactNode {
  const client = useParley();
  const { items, error, reload } = useAll<Session>(useCallback((cursor) => client.listSessions(cursor), [client]));
  const [asks, setAsks] = useState(false);
  return (
    <>
      <section className="card">
        <h2>{t.settings.sessions}</h2>
        {error ? <Failed text={error} onRetry={reload} /> : items === null ? <Spinner label={t.loading} /> : null}
        <ul className="people">
          {items?.map((session) => (
            <li key={session.sessionId} className="person">
              <span className="person-text">
                <b>{session.deviceName ?? t.unknownDevice}</b>
                <span className="muted" title={wholeTime(session.lastSeenAt)}>
                  {session.current ? t.thisDevice : t.lastSeen(lastSeen(session.lastSeenAt))}
                </span>
              </span>
              {session.current ? null : (
                <button type="button" className="button" onClick={() => void attempt(() => client.endSession(session.sessionId)).then(reload)}>
                  {t.endSession}
                </button>
              )}
            </li>
          ))}
        </ul>
        <div className="actions">
          <button type="button" className="button danger" onClick={() => { setAsks(true); }}>
            {t.signOutEverywhere}
          </button>
        </div>
      </section>
      <PasswordForm />
      {asks ? (
        <Suspense fallback={null}>
          <Confirm
            title={t.signOutEverywhere}
            text={t.signOutEverywhereText}
            action={t.signOut}
            onClose={() => { setAsks(false); }}
            onConfirm={() =>
              attempt(async () => {
                await client.logoutEverywhere();
                forgetKept();
              })
            }
          />
        </Suspense>
      ) : null}
    </>
  );
}

function PasswordForm(): ReactNode {
  const client = useParley();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [error, setError] = useState<string | null>(null);

  async function change(): Promise<void> {
    setError(null);
    try {
      await client.changePassword(current, next);
      setCurrent("");
      setNext("");
      tell(t.passwordChanged);
    } catch (failure) {
      setError(passwordErrorText(failure));
    }
  }

  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        void change();
      }}
    >
      <h2>{t.changePassword}</h2>
      <Field label={t.currentPassword} type="password" autoComplete="current-password" required value={current} onChange={setCurrent} />
      <Field label={t.newPassword} hint={t.passwordHint(15)} type="password" autoComplete="new-password" required minLength={15} value={next} onChange={setNext} />
      {error ? (
        <p className="form-error" role="alert">
          {error}
        </p>
      ) : null}
      <div className="actions">
        <button type="submit" className="button primary">
          {t.changePassword}
        </button>
      </div>
    </form>
  );
}

function PrivacyTab(): ReactNode {
  const client = useParley();
  const { items, error, reload } = useAll<User>(useCallback((cursor) => client.listBlocked(cursor), [client]));
  const [erases, setErases] = useState(false);
  return (
    <>
      <section className="card">
        <h2>{t.blockedPeople}</h2>
        {error ? <Failed text={error} onRetry={reload} /> : items === null ? <Spinner label={t.loading} /> : items.length === 0 ? <p className="muted">{t.nobodyBlocked}</p> : null}
        <ul className="people">
          {items?.map((person) => (
            <li key={person.userId} className="person">
              <Avatar id={person.userId} name={person.displayName} url={person.avatarUrl} size="small" />
              <span className="person-text">
                <b>{person.displayName}</b>
                <span className="muted">@{person.username}</span>
              </span>
              <button type="button" className="button" onClick={() => void attempt(() => client.unblock(person.userId)).then(reload)}>
                {t.unblock}
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>{t.eraseAccount}</h2>
        <p className="muted">{t.eraseText}</p>
        <div className="actions">
          <button type="button" className="button danger" onClick={() => { setErases(true); }}>
            {t.eraseAccount}
          </button>
        </div>
      </section>
      {erases ? (
        <Suspense fallback={null}>
          <EraseAccount onClose={() => { setErases(false); }} />
        </Suspense>
      ) : null}
    </>
  );
}

function Failed({ text, onRetry }: { text: string; onRetry: () => void }): ReactNode {
  return (
    <p role="alert">
      {text}{" "}
      <button type="button" className="link" onClick={onRetry}>
        {t.retry}
      </button>
    </p>
  );
}

/** All pages of a short list. */
function useAll<Item>(ask: (cursor?: string) => Promise<Page<Item>>): { items: readonly Item[] | null; error: string | null; reload: () => void } {
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isOver = false;
    async function load(): Promise<void> {
      const found: Item[] = [];
      let cursor: string | undefined;
      do {
        const page = await (cursor === undefined ? ask() : ask(cursor));
        found.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      if (!isOver) setItems(found);
    }
    setError(null);
    load().catch((failure: unknown) => !isOver && setError(errorText(failure)));
    return () => {
      isOver = true;
    };
  }, [ask, turn]);
  return { items, error, reload: () => { setTurn((known) => known + 1); } };
}
