import { lazy, Suspense, useRef, useState, type ReactNode } from "react";

const Menu = lazy(() => import("./Menu").then((module) => ({ default: module.ActionMenu })));

export interface MenuEntry {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}

interface Props {
  readonly label: string;
  readonly items: readonly MenuEntry[];
  readonly className?: string;
  readonly children: ReactNode;
}

/** A button that opens a menu, which is loaded when it is needed first. */
export function MenuButton({ label, items, className = "", children }: Props): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button ref={button} type="button" className={`icon-button ${className}`} title={label} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
        <span className="visually-hidden">{label}</span>
        {children}
      </button>
      {isOpen ? (
        <Suspense fallback={null}>
          <Menu label={label} items={items} anchor={button} onClose={() => { setOpen(false); }} />
        </Suspense>
      ) : null}
    </>
  );
}
