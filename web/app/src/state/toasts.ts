import { useSyncExternalStore } from "react";
import { errorText } from "./errors";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: "info" | "error";
}

const SHOWN_MS = 6000;
const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let lastId = 0;

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id));
}

export function tell(text: string, kind: Toast["kind"] = "info"): void {
  const id = ++lastId;
  change([...toasts.filter((toast) => toast.text !== text).slice(-2), { id, text, kind }]);
  setTimeout(() => { dismiss(id); }, SHOWN_MS);
}

/** Runs what the person asked for and tells where it fails; whether it was done. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    tell(errorText(error), "error");
    return false;
  }
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => toasts);
}
