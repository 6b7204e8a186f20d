import { ParleyError } from "./errors.js";
import { makeLock } from "./platform.js";
import type { Http, Credentials } from "./net/http.js";
import type { Surface } from "./platform.js";
import type { DeviceStorage } from "./storage/storage.js";
import type { AuthState, Profile } from "./types.js";

/** A token is exchanged so long before its end, that a call which takes it still finds it good. */
const MARGIN_MS = 30_000;

/** What the device keeps of whoever is signed in. */
interface StoredSession {
  readonly user: Profile;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In milliseconds of this device's clock. */
  readonly expiresAt: number;
}

/** What an answer that signs in or refreshes says of tokens. */
interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** Who is told of changes. */
export interface AuthWatcher {
  /** @param isOwn whether it was done in this tab, and others are to be told. */
  authChanged(state: AuthState, isOwn: boolean): void;
}

/**
 * The session of whoever is signed in on this device, which all tabs share. Refresh tokens rotate, and one that is used
 * twice ends the session: so only one tab at a time refreshes, and those that wait take what it got.
 */
export class Auth implements Credentials {
  #session: StoredSession | null = null;
  #state: AuthState = { status: "restoring", user: null, endedBecause: null };
  #refreshing: Promise<string> | null = null;
  readonly #lock: <Result>(run: () => Promise<Result>) => Promise<Result>;

  constructor(
    private readonly http: Http,
    private readonly storage: DeviceStorage,
    private readonly platform: Surface,
    private readonly watcher: AuthWatcher,
    name: string,
  ) {
    this.#lock = makeLock(platform, `${name}:refresh`, storage.isShared);
  }

  get state(): AuthState {
    return this.#state;
  }

  /** Reads what the device keeps: at the start, and when another tab has changed it. */
  async restore(): Promise<void> {
    const stored = (await this.storage.get("meta", "session")) as StoredSession | undefined;
    const before = this.#session?.user.userId;
    this.#session = stored ?? null;
    if (this.#state.status === "restoring" || stored?.user.userId !== before || stored === undefined) {
      this.#become(stored?.user ?? null, null, false);
    } else if (JSON.stringify(stored.user) !== JSON.stringify(this.#state.user)) this.#become(stored.user, null, false);
  }

  async register(account: { username: string; email: string; password: string; displayName?: string }): Promise<Profile> {
    const answer = await this.http.callOpen("/api/auth/register", { body: account });
    return this.#signIn(answer.user, answer);
  }

  async login(credentials: { login: string; password: string; deviceName?: string }): Promise<Profile> {
    const answer = await this.http.callOpen("/api/auth/login", { body: credentials });
    return this.#signIn(answer.user, answer);
  }

  /** Ends the session at the server, if it can be reached, and here in any case. */
  async logout(isEverywhere: boolean): Promise<void> {
    try {
      await this.http.call("post", isEverywhere ? "/api/auth/logout-all" : "/api/auth/logout");
    } catch (error) {
      // Here it is over all the same; but who wants to end the others too must hear that they go on.
      if (isEverywhere) throw error;
    }
    await this.end(null);
  }

  /** The session is over. */
  async end(reason: string | null): Promise<void> {
    if (this.#session === null && this.#state.status === "signed-out") return;
    this.#session = null;
    this.#become(null, reason, true);
    await this.storage.write([{ area: "meta", key: "session" }]);
  }

  /** The profile has changed. */
  async setUser(user: Profile): Promise<void> {
    if (this.#session === null) return;
    await this.#keep({ ...this.#session, user });
    this.#become(user, null, true);
  }

  async getAccessToken(refused?: string): Promise<string> {
    const session = this.#session;
    if (session === null) throw signedOut();
    if (session.accessToken !== refused && session.expiresAt - MARGIN_MS > this.platform.now()) return session.accessToken;
    this.#refreshing ??= this.#lock(() => this.#refresh(refused ?? session.accessToken)).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(spent: string): Promise<string> {
    // Another tab may have been here while this one waited for the lock.
    const stored = ((await this.storage.get("meta", "session")) as StoredSession | undefined) ?? null;
    if (stored === null || stored.user.userId !== this.#session?.user.userId) throw signedOut();
    if (stored.accessToken !== spent && stored.expiresAt - MARGIN_MS > this.platform.now()) {
      this.#session = stored;
      return stored.accessToken;
    }
    try {
      const tokens = await this.http.callOpen("/api/auth/refresh", { body: { refreshToken: stored.refreshToken } });
      // Whoever signed out meanwhile stays so.
      if (this.#state.user?.userId !== stored.user.userId) throw signedOut();
      await this.#keep(this.#makeSession(this.#state.user, tokens));
      return tokens.accessToken;
    } catch (error) {
      if (error instanceof ParleyError && error.status === 401) await this.end("expired");
      throw error;
    }
  }

  async #signIn(user: Profile, tokens: Tokens): Promise<Profile> {
    await this.#keep(this.#makeSession(user, tokens));
    this.#become(user, null, true);
    return user;
  }

  #makeSession(user: Profile, { accessToken, refreshToken, expiresIn }: Tokens): StoredSession {
    return { user, accessToken, refreshToken, expiresAt: this.platform.now() + expiresIn * 1000 };
  }

  async #keep(session: StoredSession): Promise<void> {
    this.#session = session;
    await this.storage.write([{ area: "meta", key: "session", value: session }]);
  }

  #become(user: Profile | null, endedBecause: string | null, isOwn: boolean): void {
    this.#state = { status: user === null ? "signed-out" : "signed-in", user, endedBecause };
    this.watcher.authChanged(this.#state, isOwn);
  }
}

function signedOut(): ParleyError {
  return new ParleyError("unauthorized", "Nobody is signed in.");
}
