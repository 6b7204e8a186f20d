import type { ReactNode } from "react";
import { Modal } from "../parts/Modal";
import { t } from "../strings";

export function Shortcuts({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <Modal title={t.shortcutsTitle} onClose={onClose} className="small">
      <dl className="keys">
        {t.shortcuts.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
