import { Component, type ReactNode } from "react";
import { t } from "../strings";

/** Shows a way out where the app itself is broken. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="splash" role="alert">
        <h1>{t.brokenTitle}</h1>
        <p>{t.brokenText}</p>
        <button className="button primary" type="button" onClick={() => { location.reload(); }}>
          {t.reload}
        </button>
      </main>
    );
  }
}
