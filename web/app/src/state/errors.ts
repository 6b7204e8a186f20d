import { ParleyError } from "@parley/client";
import { t } from "../strings";

/** What a person is told of an error. */
export function errorText(error: unknown): string {
  if (!(error instanceof ParleyError)) return t.errors.internal;
  if (error.code === "rate_limited" && error.retryAfter) return t.rateLimited(Math.ceil(error.retryAfter));
  if (error.code === "invalid_request" && error.errors[0]) return sentence(error.errors[0].message);
  return t.errors[error.code];
}

/** The same where one's own password was asked for: what is forbidden then is what was typed. */
export function passwordErrorText(error: unknown): string {
  return error instanceof ParleyError && error.code === "forbidden" ? t.wrongPassword : errorText(error);
}

/** What is wrong with the fields of a form, by field; what belongs to none of them is under "". */
export function fieldErrors(error: unknown, fields: readonly string[]): Record<string, string> {
  if (!(error instanceof ParleyError) || error.errors.length === 0) return { "": errorText(error) };
  const found: Record<string, string> = {};
  for (const { field, message } of error.errors) {
    const name = field.split(".").pop() ?? "";
    found[fields.includes(name) ? name : ""] ??= sentence(message);
  }
  return found;
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
