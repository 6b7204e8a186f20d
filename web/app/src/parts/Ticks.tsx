import type { MessageState } from "@parley/client";
import { Check, CheckCheck, CircleAlert, Clock3 } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "../strings";

/** How far a message of one's own has come. */
export function Ticks({ state }: { state: MessageState }): ReactNode {
  const Picture = state === "failed" ? CircleAlert : state === "pending" ? Clock3 : state === "accepted" || state === "stored" ? Check : CheckCheck;
  return (
    <span className={`ticks ${state}`} role="img" aria-label={t.states[state]} title={t.states[state]}>
      <Picture aria-hidden="true" />
    </span>
  );
}
