import type { User } from "@parley/client";
import { useParley } from "@parley/react";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import { Field } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { PeoplePicker } from "../parts/PeoplePicker";
import { attempt } from "../state/toasts";
import { t } from "../strings";

/** One person makes a direct conversation; several, or a name, make a group. */
export function NewChat({ onClose }: { onClose: () => void }): ReactNode {
  const client = useParley();
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const [name, setName] = useState("");
  const [error, setError] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const [only] = chosen;
  const isGroup = chosen.length > 1 || name.trim().length > 0;

  async function start(): Promise<void> {
    if (busy || !only) return;
    if (isGroup && !name.trim()) {
      setError(t.required);
      return;
    }
    setBusy(true);
    await attempt(async () => {
      const made = isGroup ? await client.createGroup({ name: name.trim(), memberIds: chosen.map((each) => each.userId) }) : await client.openDirect(only.userId);
      navigate(`/c/${made.conversationId}`, { replace: true });
    });
    setBusy(false);
  }

  return (
    <Modal title={t.newChat} onClose={onClose}>
      <form
        className="modal-form"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <PeoplePicker chosen={chosen} onChange={setChosen} />
        {chosen.length > 0 ? (
          <Field
            label={t.groupName}
            hint={chosen.length > 1 ? undefined : t.groupNameHint}
            error={error}
            value={name}
            maxLength={100}
            onChange={(value) => {
              setName(value);
              setError(undefined);
            }}
          />
        ) : null}
        <div className="actions">
          <button type="submit" className="button primary" disabled={chosen.length === 0}>
            {busy ? t.oneMoment : isGroup ? t.createGroup : t.startChat}
          </button>
        </div>
      </form>
    </Modal>
  );
}
