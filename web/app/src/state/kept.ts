import { useCallback, useState } from "react";

/** What the tab or the browser keeps over a reload. Storage that is full or forbidden costs the comfort, not the app. */
export function read(storage: "session" | "local", key: string): string | null {
  try {
    return storageOf(storage).getItem(`parley.${key}`);
  } catch {
    return null;
  }
}

export function write(storage: "session" | "local", key: string, value: string | null): void {
  try {
    if (value === null) storageOf(storage).removeItem(`parley.${key}`);
    else storageOf(storage).setItem(`parley.${key}`, value);
  } catch {
    // As said above.
  }
}

/** Forgets what was kept for the person who signs out: drafts and places. */
export function forgetKept(): void {
  for (const storage of [sessionStorage, localStorage]) {
    try {
      for (const key of Object.keys(storage)) {
        if (/^parley\.(draft|place|find)\b/.test(key)) storage.removeItem(key);
      }
    } catch {
      // As said above.
    }
  }
}

/** A text that is still there after a reload of the tab. */
export function useKept(key: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => read("session", key) ?? "");
  const set = useCallback(
    (next: string) => {
      setValue(next);
      write("session", key, next || null);
    },
    [key],
  );
  return [value, set];
}

function storageOf(storage: "session" | "local"): Storage {
  return storage === "session" ? sessionStorage : localStorage;
}
