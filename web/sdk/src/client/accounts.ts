import { BaseClient } from "./base.js";
import type { Page, Profile, Session, User } from "../types.js";

/** Calls about one's own account, and about people. */
export abstract class AccountCalls extends BaseClient {
  readonly #fetching = new Map<string, Promise<User>>();

  async register(account: { username: string; email: string; password: string; displayName?: string }): Promise<Profile> {
    await this.start();
    const profile = await this.core.auth.register(account);
    await this.core.entering;
    return profile;
  }

  /** @param credentials `login` is a username or an email address. */
  async login(credentials: { login: string; password: string }): Promise<Profile> {
    await this.start();
    const { deviceName } = this.options;
    const profile = await this.core.auth.login({ ...credentials, ...(deviceName === undefined ? {} : { deviceName }) });
    await this.core.entering;
    return profile;
  }

  /** Ends the session here and at the server, and forgets all that the device keeps. */
  async logout(): Promise<void> {
    await this.core.auth.logout(false);
    await this.core.entering;
  }

  /** Ends all sessions of the caller; raises where the server cannot be told. */
  async logoutEverywhere(): Promise<void> {
    await this.core.auth.logout(true);
    await this.core.entering;
  }

  listSessions(cursor?: string): Promise<Page<Session>> {
    return this.core.http.call("get", "/api/auth/sessions", { query: { cursor } });
  }

  async endSession(sessionId: string): Promise<void> {
    await this.core.http.call("delete", "/api/auth/sessions/{sessionId}", { path: { sessionId } });
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.core.http.call("put", "/api/auth/password", { body: { currentPassword, newPassword } });
  }

  async updateProfile(changes: { displayName?: string; avatarUrl?: string | null; about?: string | null }): Promise<Profile> {
    const profile = await this.core.http.call("patch", "/api/users/me", { body: changes });
    await this.core.auth.setUser(profile);
    this.core.state.putUser(profile);
    return profile;
  }

  /** Erases the account: the name is freed, and messages become tombstones. */
  async deleteAccount(password: string): Promise<void> {
    await this.core.http.call("delete", "/api/users/me", { body: { password } });
    await this.core.auth.end(null);
    await this.core.entering;
  }

  /** Finds people by the beginning of a name, of two characters or more. */
  searchUsers(query: string, cursor?: string): Promise<Page<User>> {
    return this.core.http.call("get", "/api/users", { query: { q: query, cursor } });
  }

  /** From the store, or else from the server. */
  async getUser(userId: string): Promise<User> {
    const known = this.core.state.people.user(userId);
    if (known !== undefined) return known;
    const fetching = this.#fetching.get(userId) ?? this.#fetchUser(userId);
    this.#fetching.set(userId, fetching);
    return fetching;
  }

  async block(userId: string): Promise<void> {
    await this.core.http.call("put", "/api/users/{userId}/block", { path: { userId } });
  }

  async unblock(userId: string): Promise<void> {
    await this.core.http.call("delete", "/api/users/{userId}/block", { path: { userId } });
  }

  listBlocked(cursor?: string): Promise<Page<User>> {
    return this.core.http.call("get", "/api/users/blocks", { query: { cursor } });
  }

  async #fetchUser(userId: string): Promise<User> {
    try {
      const user = await this.core.http.call("get", "/api/users/{userId}", { path: { userId } });
      this.core.state.putUser(user);
      return user;
    } finally {
      this.#fetching.delete(userId);
    }
  }
}
