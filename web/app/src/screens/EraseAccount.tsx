import { useParley } from "@parley/react";
import { useState, type ReactNode } from "react";
import { Field } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { passwordErrorText } from "../state/errors";
import { forgetKept } from "../state/kept";
import { t } from "../strings";

export function EraseAccount({ onClose }: { onClose: () => void }): ReactNode {
  const client = useParley();
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | undefined>();

  async function erase(): Promise<void> {
    try {
      await client.deleteAccount(password);
      forgetKept();
    } catch (failure) {
      setError(passwordErrorText(failure));
    }
  }

  return (
    <Modal title={t.eraseAccount} onClose={onClose} className="small">
      <form
        className="modal-form"
        onSubmit={(event) => {
          event.preventDefault();
          void erase();
        }}
      >
        <p>{t.eraseText}</p>
        <Field label={t.password} type="password" autoComplete="current-password" autoFocus required value={password} error={error} onChange={setPassword} />
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button type="submit" className="button danger">
            {t.eraseAccount}
          </button>
        </div>
      </form>
    </Modal>
  );
}
