import { FileText, RotateCw, X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "../parts/IconButton";
import { fileSize } from "../state/format";
import type { Uploads } from "../state/uploads";
import { t } from "../strings";

/** The files of the message that is being written, and how far each has come. */
export function UploadTray({ uploads }: { uploads: Uploads }): ReactNode {
  return (
    <ul className="uploads" aria-label={t.files}>
      {uploads.items.map((item) => (
        <li key={item.id} className={`upload ${item.error ? "failed" : ""}`}>
          {item.preview ? <img src={item.preview} alt="" /> : <FileText aria-hidden="true" />}
          <span className="upload-text">
            <b title={item.file.name}>{item.file.name}</b>
            <small>{item.error ?? fileSize(item.file.size)}</small>
            {item.attachment || item.error ? null : <progress value={item.progress} max={1} aria-label={t.uploading(item.file.name)} />}
          </span>
          {item.error ? (
            <IconButton label={t.retry} onClick={() => { uploads.retry(item.id); }}>
              <RotateCw />
            </IconButton>
          ) : null}
          <IconButton label={t.removeFile(item.file.name)} onClick={() => { uploads.remove(item.id); }}>
            <X />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
