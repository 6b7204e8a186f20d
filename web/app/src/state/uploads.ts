import type { Attachment, ParleyClient } from "@parley/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { t } from "../strings";
import { errorText } from "./errors";
import { isPicture } from "./messages";
import { tell } from "./toasts";

export interface Upload {
  readonly id: number;
  readonly file: File;
  /** An address of the file on this device, for pictures. */
  readonly preview: string | null;
  /** From 0 to 1. */
  readonly progress: number;
  readonly attachment: Attachment | null;
  readonly error: string | null;
}

export interface Uploads {
  readonly items: readonly Upload[];
  readonly isReady: boolean;
  add(files: readonly File[]): void;
  remove(id: number): void;
  retry(id: number): void;
  /** Gives what was uploaded, and begins anew. */
  take(): readonly Attachment[];
}

const MAX_FILES = 10;
const MAX_BYTES = 25 * 1024 * 1024;

/** The files of a message that is being written: each uploads at once, and is there when the message is sent. */
export function useUploads(client: ParleyClient): Uploads {
  const [items, setItems] = useState<readonly Upload[]>([]);
  const aborts = useRef(new Map<number, AbortController>());
  const lastId = useRef(0);
  const known = useRef(items);
  known.current = items;

  useEffect(() => {
    const running = aborts.current;
    return () => {
      for (const abort of running.values()) abort.abort();
      for (const { preview } of known.current) if (preview) URL.revokeObjectURL(preview);
    };
  }, []);

  const update = useCallback((id: number, changes: Partial<Upload>) => {
    setItems((all) => all.map((item) => (item.id === id ? { ...item, ...changes } : item)));
  }, []);

  const start = useCallback(
    (id: number, file: File) => {
      const abort = new AbortController();
      aborts.current.set(id, abort);
      client
        .upload(file, {
          fileName: file.name || "file",
          contentType: file.type || "application/octet-stream",
          signal: abort.signal,
          onProgress: (sent, total) => { update(id, { progress: total > 0 ? sent / total : 0 }); },
        })
        .then((attachment) => { update(id, { attachment, progress: 1 }); })
        .catch((error: unknown) => {
          if (!abort.signal.aborted) update(id, { error: errorText(error) });
        })
        .finally(() => aborts.current.delete(id));
    },
    [client, update],
  );

  return {
    items,
    isReady: items.every((item) => item.attachment),
    add(files) {
      const fitting = files.filter((file) => file.size > 0 && file.size <= MAX_BYTES);
      if (fitting.length < files.length) tell(t.fileSizes, "error");
      const room = MAX_FILES - items.length;
      if (fitting.length > room) tell(t.tooManyFiles(MAX_FILES), "error");
      const added = fitting.slice(0, room).map((file) => ({
        id: ++lastId.current,
        file,
        preview: isPicture(file.type) ? URL.createObjectURL(file) : null,
        progress: 0,
        attachment: null,
        error: null,
      }));
      setItems((all) => [...all, ...added]);
      for (const { id, file } of added) start(id, file);
    },
    remove(id) {
      aborts.current.get(id)?.abort();
      const preview = items.find((item) => item.id === id)?.preview;
      if (preview) URL.revokeObjectURL(preview);
      setItems((all) => all.filter((item) => item.id !== id));
    },
    retry(id) {
      const item = items.find((each) => each.id === id);
      if (!item) return;
      update(id, { error: null, progress: 0 });
      start(id, item.file);
    },
    take() {
      const attachments = items.flatMap((item) => (item.attachment ? [item.attachment] : []));
      for (const { preview } of items) if (preview) URL.revokeObjectURL(preview);
      setItems([]);
      return attachments;
    },
  };
}
