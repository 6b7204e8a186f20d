import { X } from "lucide-react";
import type { ReactNode } from "react";
import { dismiss, useToasts } from "../state/toasts";
import { t } from "../strings";
import { IconButton } from "./IconButton";

export function Toasts(): ReactNode {
  const toasts = useToasts();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast ${toast.kind}`}>
          <span>{toast.text}</span>
          <IconButton label={t.dismiss} onClick={() => { dismiss(toast.id); }}>
            <X />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
