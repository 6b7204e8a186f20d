import type { ComponentPropsWithRef, ReactNode } from "react";

/** A button that is a picture; its label is its tooltip too. */
export function IconButton({ label, className = "", ...rest }: { label: string } & ComponentPropsWithRef<"button">): ReactNode {
  return <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} {...rest} />;
}
