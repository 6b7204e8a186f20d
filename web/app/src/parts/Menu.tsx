import { Menu } from "@base-ui/react/menu";
import type { ReactNode, RefObject } from "react";
import { besides } from "./besides";
import type { MenuEntry } from "./MenuButton";

interface Props {
  readonly label: string;
  readonly items: readonly MenuEntry[];
  /** What it opens beside, and what has the focus afterwards. */
  readonly anchor: RefObject<HTMLElement | null>;
  /** Where the pointer asked for it, instead. */
  readonly point?: { readonly x: number; readonly y: number } | null;
  readonly onClose: () => void;
  /** Comes above the entries. */
  readonly children?: ReactNode;
}

export function ActionMenu({ label, items, anchor, point, onClose, children }: Props): ReactNode {
  const at = point ? { getBoundingClientRect: () => new DOMRect(point.x, point.y, 0, 0) } : () => besides(anchor.current);
  return (
    <Menu.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Menu.Portal>
        <Menu.Positioner className="positioner" anchor={at} side="bottom" align="start" sideOffset={4} collisionPadding={8}>
          <Menu.Popup className="menu" aria-label={label} finalFocus={anchor}>
            {children}
            {items.map((item) => (
              <Menu.Item key={item.label} className={`menu-item ${item.danger ? "danger" : ""}`} onClick={item.onSelect}>
                {item.icon}
                {item.label}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
