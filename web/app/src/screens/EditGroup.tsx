import type { ConversationView } from "@parley/client";
import { useParley } from "@parley/react";
import { useState, type ReactNode } from "react";
import { Field } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { errorText } from "../state/errors";
import { t } from "../strings";

export function EditGroup({ conversation, onClose }: { conversation: ConversationView; onClose: () => void }): ReactNode {
  const { conversationId } = conversation;
  const client = useParley();
  const [name, setName] = useState(conversation.name ?? "");
  const [photo, setPhoto] = useState(conversation.photoUrl ?? "");
  const [error, setError] = useState<string | null>(null);

  async function save(): Promise<void> {
    try {
      if (name.trim() !== conversation.name) await client.renameGroup(conversationId, name.trim());
      if (photo.trim() !== (conversation.photoUrl ?? "")) await client.setGroupPhoto(conversationId, photo.trim() || null);
      onClose();
    } catch (failure) {
      setError(errorText(failure));
    }
  }

  return (
    <Modal title={t.editGroup} onClose={onClose} className="small">
      <form
        className="modal-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) void save();
        }}
      >
        <Field label={t.groupName} value={name} maxLength={100} error={name.trim() ? undefined : t.required} onChange={setName} />
        <Field label={t.photoUrl} hint={t.photoUrlHint} type="url" value={photo} onChange={setPhoto} />
        {error ? (
          <p className="form-error" role="alert">
            {error}
          </p>
        ) : null}
        <div className="actions">
          <button type="submit" className="button primary">
            {t.save}
          </button>
        </div>
      </form>
    </Modal>
  );
}
