import type { ReactNode } from "react";

export function Spinner({ label }: { label: string }): ReactNode {
  return (
    <span className="spinner" role="status">
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
