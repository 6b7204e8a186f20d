import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useState, type ReactNode } from "react";
import { t } from "../strings";

interface Props {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, text, action, onConfirm, onClose }: Props): ReactNode {
  const [busy, setBusy] = useState(false);
  async function confirm(): Promise<void> {
    if (busy) return;
    setBusy(true);
    await onConfirm();
    onClose();
  }
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="modal small">
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description className="muted">{text}</AlertDialog.Description>
          <div className="actions">
            <AlertDialog.Close className="button">{t.cancel}</AlertDialog.Close>
            <button type="button" className="button danger" onClick={() => void confirm()}>
              {busy ? t.oneMoment : action}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
