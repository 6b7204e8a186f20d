import { Popover } from "@base-ui/react/popover";
import type { ReactNode, RefObject } from "react";
import { EmojiPicker } from "../parts/EmojiPicker";
import { besides } from "../parts/besides";
import { t } from "../strings";

interface Props {
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}

export function EmojiPopover({ anchor, onPick, onClose }: Props): ReactNode {
  return (
    <Popover.Root open onOpenChange={(open) => !open && onClose()}>
      <Popover.Portal>
        <Popover.Positioner className="positioner" anchor={() => besides(anchor.current)} side="top" align="end" sideOffset={8} collisionPadding={8}>
          <Popover.Popup className="popover" aria-label={t.emoji} finalFocus={anchor}>
            <EmojiPicker
              onPick={(emoji) => {
                onPick(emoji);
                onClose();
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
