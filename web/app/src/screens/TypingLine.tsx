import type { Member } from "@parley/client";
import type { ReactNode } from "react";
import { t } from "../strings";

export function TypingLine({ typing, members, isGroup }: { typing: readonly string[]; members: readonly Member[]; isGroup: boolean }): ReactNode {
  const names = typing.map((id) => members.find((member) => member.userId === id)?.user.displayName.split(" ")[0] ?? t.somebody);
  return (
    <div className="typing" role="status" aria-live="off">
      {names.length > 0 ? (
        <>
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {isGroup ? t.typing(names) : t.typingOne}
        </>
      ) : null}
    </div>
  );
}
