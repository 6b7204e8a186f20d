import { useAuth, useParley } from "@parley/react";
import { Eye, EyeOff } from "lucide-react";
import { useEffect, useId, useRef, useState, type ReactNode, type SyntheticEvent } from "react";
import { Link, useSearch } from "wouter";
import { Field } from "../parts/Field";
import { IconButton } from "../parts/IconButton";
import { fieldErrors } from "../state/errors";
import { t } from "../strings";

const FIELDS = ["username", "displayName", "email", "login", "password"];
const PASSWORD_MIN = 15;

/** The two ways in. What was typed into one is kept when the other is chosen. */
export function SignIn({ mode }: { mode: "in" | "up" }): ReactNode {
  const client = useParley();
  const { endedBecause } = useAuth();
  const search = useSearch();
  const [values, setValues] = useState<Record<string, string>>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const isUp = mode === "up";

  useEffect(() => {
    document.title = `${isUp ? t.signUp : t.signIn} · ${t.appName}`;
    setErrors({});
  }, [isUp]);

  const field = (name: string) => ({
    name,
    value: values[name] ?? "",
    error: errors[name],
    onChange: (value: string) => { setValues((known) => ({ ...known, [name]: value })); },
  });

  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    const { username = "", displayName = "", email = "", login = "", password = "" } = values;
    const missing = missingOf(isUp ? { username, email, password } : { login, password });
    if (isUp && password && [...password].length < PASSWORD_MIN) missing.password = t.passwordShort(PASSWORD_MIN);
    setErrors(missing);
    if (Object.keys(missing).length > 0) {
      focusFirst(Object.keys(missing));
      return;
    }
    setBusy(true);
    try {
      if (isUp) {
        const name = displayName.trim();
        await client.register({ username: username.trim().toLowerCase(), email: email.trim(), password, ...(name && { displayName: name }) });
      } else {
        await client.login({ login: login.trim(), password });
      }
    } catch (error) {
      const found = fieldErrors(error, FIELDS);
      setErrors(found);
      focusFirst(Object.keys(found));
    } finally {
      setBusy(false);
    }
  }

  function focusFirst(names: readonly string[]): void {
    const name = FIELDS.find((each) => names.includes(each));
    requestAnimationFrame(() => form.current?.querySelector<HTMLInputElement>(`[name="${name ?? "password"}"]`)?.focus());
  }

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <img src="/icon.svg" alt="" width={48} height={48} />
        <h1>{isUp ? t.signUpTitle : t.signInTitle}</h1>
        <p className="muted">{isUp ? t.signUpLead : t.signInLead}</p>
        {endedBecause && !isUp ? <p className="notice">{t.sessionEnded}</p> : null}
        <form ref={form} onSubmit={(event) => void submit(event)} noValidate>
          {isUp ? (
            <>
              <Field label={t.username} hint={t.usernameHint} autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={32} autoFocus {...field("username")} />
              <Field label={t.displayName} hint={t.optional} autoComplete="name" maxLength={100} {...field("displayName")} />
              <Field label={t.email} type="email" autoComplete="email" {...field("email")} />
            </>
          ) : (
            <Field label={t.login} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus {...field("login")} />
          )}
          <Password hint={isUp ? t.passwordHint(PASSWORD_MIN) : undefined} isNew={isUp} {...field("password")} />
          {errors[""] ? (
            <p className="form-error" role="alert">
              {errors[""]}
            </p>
          ) : null}
          <button className="button primary wide" type="submit" aria-disabled={busy} onClick={(event) => busy && event.preventDefault()}>
            {busy ? t.oneMoment : isUp ? t.signUp : t.signIn}
          </button>
        </form>
        <p className="muted">
          {isUp ? t.haveAccount : t.noAccount}{" "}
          <Link href={`${isUp ? "/sign-in" : "/sign-up"}${search ? `?${search}` : ""}`}>{isUp ? t.signIn : t.signUp}</Link>
        </p>
      </div>
    </main>
  );
}

interface PasswordProps {
  readonly name: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly hint: string | undefined;
  readonly isNew: boolean;
  readonly onChange: (value: string) => void;
}

function Password({ isNew, ...field }: PasswordProps): ReactNode {
  const [shown, setShown] = useState(false);
  const id = useId();
  return (
    <Field id={id} label={t.password} type={shown ? "text" : "password"} autoComplete={isNew ? "new-password" : "current-password"} {...field}>
      <IconButton label={shown ? t.hidePassword : t.showPassword} aria-controls={id} onClick={() => { setShown(!shown); }}>
        {shown ? <EyeOff /> : <Eye />}
      </IconButton>
    </Field>
  );
}

function missingOf(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !value.trim()).map(([name]) => [name, t.required]));
}
