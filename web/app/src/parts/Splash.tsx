import type { ReactNode } from "react";
import { t } from "../strings";
import { Spinner } from "./Spinner";

export function Splash(): ReactNode {
  return (
    <main className="splash" aria-busy="true">
      <h1 className="visually-hidden">{t.appName}</h1>
      <img src="/icon.svg" alt="" width={56} height={56} />
      <Spinner label={t.loading} />
    </main>
  );
}
