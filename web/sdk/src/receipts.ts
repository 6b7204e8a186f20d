import { asParleyError } from "./errors.js";
import { backoff, Timer } from "./platform.js";
import type { Answers } from "./events.js";
import type { Socket } from "./net/socket.js";
import type { Surface } from "./platform.js";
import type { ConversationState } from "./store/conversation.js";
import type { State } from "./store/state.js";

const DELAY_MS = 150;

/**
 * Tells the server how far the caller has received and read. What is to be told is what is here and not confirmed, so that
 * nothing is lost when there is no connection, and nothing is told twice where another device was first.
 */
export class Receipts {
  readonly #timer: Timer;
  #isRunning = false;
  #failures = 0;

  constructor(
    private readonly platform: Surface,
    private readonly state: State,
    private readonly getSocket: () => Socket | null,
  ) {
    this.#timer = new Timer(platform);
  }

  /** Looks soon whether there is something to tell: what comes until then is told with it. */
  wake(): void {
    // Without a connection nothing is lost: it is called again when there is one.
    if (this.#timer.isSet || this.#isRunning || this.getSocket() === null) return;
    // Not all tabs at once: what the first tells the others need not.
    this.#timer.set(DELAY_MS + this.platform.random() * DELAY_MS, () => void this.#tellAll());
  }

  stop(): void {
    this.#timer.stop();
  }

  async #tellAll(): Promise<void> {
    this.#isRunning = true;
    try {
      for (const conversation of [...this.state.conversations.values()]) await this.#tell(conversation);
      this.#failures = 0;
    } catch (error) {
      if (this.getSocket() === null) return; // There will be another call when there is one.
      this.#timer.set(backoff(this.platform, this.#failures, asParleyError(error).retryAfter), () => void this.#tellAll());
      this.#failures += 1;
    } finally {
      this.#isRunning = false;
      if ([...this.state.conversations.values()].some(hasNews)) this.wake();
    }
  }

  /** Raises what asks for another try later. */
  async #tell(conversation: ConversationState): Promise<void> {
    const socket = this.getSocket();
    if (socket === null || !hasNews(conversation)) return;
    const { own, confirmed, id } = conversation;
    const isRead = own.lastReadSeq > confirmed.lastReadSeq;
    const seq = isRead ? own.lastReadSeq : own.lastDeliveredSeq;
    try {
      const answer = await socket.request("seen", { conversationId: id, seq, status: isRead ? "read" : "delivered" });
      conversation.confirm(answer as Answers["PointersAnswer"]);
    } catch (error) {
      if (asParleyError(error).retryable) throw error;
      // The conversation is gone, or it is refused for good: it must not be asked for ever.
      conversation.confirm(own);
      return;
    }
    // What is beyond the last message is cut at the server, and is not told again.
    if (isRead) conversation.confirm({ lastReadSeq: seq, lastDeliveredSeq: seq });
    else conversation.confirm({ lastReadSeq: 0, lastDeliveredSeq: seq });
  }
}

function hasNews({ own, confirmed }: ConversationState): boolean {
  return own.lastReadSeq > confirmed.lastReadSeq || own.lastDeliveredSeq > confirmed.lastDeliveredSeq;
}
