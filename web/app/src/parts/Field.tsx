import { useId, type ComponentPropsWithoutRef, type ReactNode } from "react";

interface Props extends Omit<ComponentPropsWithoutRef<"input">, "onChange"> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

/** A labelled input with its hint and its error, both read out with it. `children` come behind the text. */
export function Field({ label, hint, error, onChange, children, id, ...input }: Props): ReactNode {
  const own = useId();
  const inputId = id ?? own;
  const noteId = `${inputId}-note`;
  return (
    <div className="field">
      <label htmlFor={inputId}>{label}</label>
      <div className={`input ${error ? "invalid" : ""}`}>
        <input
          {...input}
          id={inputId}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? noteId : undefined}
          onChange={(event) => { onChange(event.target.value); }}
        />
        {children}
      </div>
      {error || hint ? (
        <p id={noteId} className={error ? "field-error" : "field-hint"}>
          {error ?? hint}
        </p>
      ) : null}
    </div>
  );
}
