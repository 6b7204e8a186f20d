import { useConnection, useParley } from "@parley/react";
import { CloudOff, RefreshCw } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { t } from "../strings";

/** Short cuts in the connection are no news: only what lasts longer is told. */
const PATIENCE_MS = 1500;

export function ConnectionBanner(): ReactNode {
  const client = useParley();
  const { status, retryAt } = useConnection();
  const troubled = status === "offline" || status === "waiting" || status === "connecting" || status === "syncing";
  const [lasts, setLasts] = useState(false);
  const [now, setNow] = useState(Date.now);

  useEffect(() => {
    if (!troubled) {
      setLasts(false);
      return;
    }
    const timer = setTimeout(() => { setLasts(true); }, PATIENCE_MS);
    return () => { clearTimeout(timer); };
  }, [troubled]);
  useEffect(() => {
    if (status !== "waiting") return;
    const timer = setInterval(() => { setNow(Date.now()); }, 1000);
    return () => { clearInterval(timer); };
  }, [status]);

  const shown = status === "offline" || (troubled && lasts);
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000));
  return (
    <div role="status" className={`connection ${shown ? "shown" : ""} ${status}`}>
      {shown ? (
        <>
          {status === "offline" || status === "waiting" ? <CloudOff aria-hidden="true" /> : <RefreshCw aria-hidden="true" className="turning" />}
          <span>{t.connection[status]}</span>
          {status === "waiting" ? (
            <>
              {seconds > 1 ? <span aria-hidden="true">{t.retryIn(seconds)}</span> : null}
              <button type="button" className="link" onClick={() => { client.reconnect(); }}>
                {t.retryNow}
              </button>
            </>
          ) : null}
        </>
      ) : null}
    </div>
  );
}
