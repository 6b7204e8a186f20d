import type { Attachment } from "@parley/client";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import { IconButton } from "../parts/IconButton";
import { Modal } from "../parts/Modal";
import { fileSize } from "../state/format";
import { t } from "../strings";

export function Lightbox({ pictures, first, onClose }: { pictures: readonly Attachment[]; first: string; onClose: () => void }): ReactNode {
  const [index, setIndex] = useState(() => Math.max(0, pictures.findIndex((each) => each.attachmentId === first)));
  const picture = pictures[index];
  if (!picture) return null;
  const step = (by: number) => { setIndex((index + by + pictures.length) % pictures.length); };
  return (
    <Modal title={picture.fileName} className="lightbox" onClose={onClose}>
      <div
        className="lightbox-body"
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") step(-1);
          if (event.key === "ArrowRight") step(1);
        }}
      >
        {pictures.length > 1 ? (
          <IconButton label={t.previous} onClick={() => { step(-1); }}>
            <ChevronLeft />
          </IconButton>
        ) : null}
        <img src={picture.url} alt={picture.fileName} />
        {pictures.length > 1 ? (
          <IconButton label={t.next} onClick={() => { step(1); }}>
            <ChevronRight />
          </IconButton>
        ) : null}
      </div>
      <p className="muted">
        {fileSize(picture.size)} ·{" "}
        <a href={picture.url} target="_blank" rel="noopener noreferrer">
          {t.openOriginal}
        </a>
      </p>
    </Modal>
  );
}
