import type { Surface } from "./platform.js";

/** What tabs tell each other: that something that they share has changed. */
export type TabNews = "auth" | "outbox";

/** Other tabs of the same origin and client. */
export class Tabs {
  readonly #channel: BroadcastChannel | null;

  constructor(platform: Surface, name: string, isShared: boolean, heard: (news: TabNews) => void) {
    this.#channel = isShared && platform.BroadcastChannel !== undefined ? new platform.BroadcastChannel(name) : null;
    if (this.#channel !== null) {
      this.#channel.onmessage = ({ data }: { data: TabNews }) => {
        heard(data);
      };
    }
  }

  tell(news: TabNews): void {
    this.#channel?.postMessage(news);
  }

  close(): void {
    this.#channel?.close();
  }
}
