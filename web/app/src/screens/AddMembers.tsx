import type { ConversationView, Member, User } from "@parley/client";
import { useParley } from "@parley/react";
import { useMemo, useState, type ReactNode } from "react";
import { Modal } from "../parts/Modal";
import { PeoplePicker } from "../parts/PeoplePicker";
import { attempt } from "../state/toasts";
import { t } from "../strings";

export function AddMembers({ conversation, members, onClose }: { conversation: ConversationView; members: readonly Member[]; onClose: () => void }): ReactNode {
  const client = useParley();
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const without = useMemo(() => new Set(members.map((member) => member.userId)), [members]);

  async function add(): Promise<void> {
    if (await attempt(() => client.changeMembers(conversation.conversationId, { add: chosen.map((each) => each.userId) }))) onClose();
  }

  return (
    <Modal title={t.addMembers} onClose={onClose}>
      <div className="modal-form">
        <PeoplePicker chosen={chosen} onChange={setChosen} without={without} />
        <div className="actions">
          <button type="button" className="button primary" disabled={chosen.length === 0} onClick={() => void add()}>
            {t.add}
          </button>
        </div>
      </div>
    </Modal>
  );
}
