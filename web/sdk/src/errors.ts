import type { ErrorCode, FieldError } from "./types.js";

/** What an error knows beside its code. */
export interface ErrorDetails {
  /** The HTTP status; 0 where there was no answer, or where a socket told it. */
  readonly status?: number;
  /** After how many seconds it is worth trying again. */
  readonly retryAfter?: number;
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** The id to name when reporting a fault. */
  readonly requestId?: string;
  /** The fields that are wrong, for `invalid_request`. */
  readonly errors?: readonly FieldError[];
  readonly cause?: unknown;
}

/** The one error that the client raises. `code` is stable; `message` is English and for developers. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly retryable: boolean;
  readonly requestId: string | undefined;
  readonly errors: readonly FieldError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.retryAfter = details.retryAfter;
    this.retryable = details.retryable ?? isRetryable(code);
    this.requestId = details.requestId;
    this.errors = details.errors ?? [];
  }
}

/** Whether a call that failed with this code may succeed later as it is. */
export function isRetryable(code: ErrorCode): boolean {
  return ["rate_limited", "unavailable", "internal", "network", "timeout"].includes(code);
}

/** Whatever was thrown, as a `ParleyError`. */
export function asParleyError(error: unknown): ParleyError {
  return error instanceof ParleyError
    ? error
    : new ParleyError("client", error instanceof Error ? error.message : String(error), { cause: error });
}
