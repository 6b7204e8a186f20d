import type { Attachment, ChatMessage } from "@parley/client";
import { useParley } from "@parley/react";
import { FileText, ImageOff } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { fileSize } from "../state/format";
import { isPicture } from "../state/messages";
import { attempt } from "../state/toasts";
import { t } from "../strings";

const Lightbox = lazy(() => import("./Lightbox").then((module) => ({ default: module.Lightbox })));

/** The files of a message. Their addresses are valid for minutes only, so they are fetched anew where one has ended. */
export function Attachments({ message }: { message: ChatMessage }): ReactNode {
  const client = useParley();
  const [fresh, setFresh] = useState<readonly Attachment[] | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const attachments = message.attachments.map((each) => fresh?.find((newer) => newer.attachmentId === each.attachmentId) ?? each);
  const pictures = attachments.filter((each) => isPicture(each.contentType));

  async function renew(): Promise<readonly Attachment[]> {
    if (!message.messageId) return attachments;
    const { attachments: found } = await client.fetchMessage(message.messageId);
    setFresh(found);
    return found;
  }

  /** A file's address may have ended long ago without anybody having seen it: ask for a new one first. */
  async function open(id: string): Promise<void> {
    await attempt(async () => {
      const url = (await renew()).find((each) => each.attachmentId === id)?.url;
      if (url) window.open(url, "_blank", "noopener,noreferrer");
    });
  }

  return (
    <div className="attachments">
      {attachments.map((attachment) =>
        isPicture(attachment.contentType) ? (
          <Picture key={attachment.attachmentId} attachment={attachment} onBroken={() => void (fresh ? null : renew().catch(() => undefined))} onOpen={() => { setShown(attachment.attachmentId); }} />
        ) : (
          <button key={attachment.attachmentId} type="button" className="file" onClick={() => void open(attachment.attachmentId)}>
            <FileText aria-hidden="true" />
            <span>
              <b>{attachment.fileName}</b>
              <small>{fileSize(attachment.size)}</small>
            </span>
          </button>
        ),
      )}
      {shown ? (
        <Suspense fallback={null}>
          <Lightbox pictures={pictures} first={shown} onClose={() => { setShown(null); }} />
        </Suspense>
      ) : null}
    </div>
  );
}

function Picture({ attachment, onBroken, onOpen }: { attachment: Attachment; onBroken: () => void; onOpen: () => void }): ReactNode {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <button type="button" className="picture" aria-label={t.openPicture(attachment.fileName)} onClick={onOpen}>
      {!attachment.url || broken === attachment.url ? (
        <ImageOff aria-hidden="true" />
      ) : (
        <img
          src={attachment.url}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => {
            setBroken(attachment.url);
            onBroken();
          }}
        />
      )}
    </button>
  );
}
