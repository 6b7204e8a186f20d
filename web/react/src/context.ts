import { createContext, createElement, useContext, useEffect } from "react";
import type { ParleyClient } from "@parley/client";
import type { ReactNode } from "react";

const Context = createContext<ParleyClient | null>(null);

/** Gives the client to the hooks below it, and starts it. Whoever made the client stops it. */
export function ParleyProvider({ client, children }: { client: ParleyClient; children?: ReactNode }): ReactNode {
  useEffect(() => {
    client.start().catch(() => undefined); // `useAuth` and the client's `error` event tell of it.
  }, [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the provider above. */
export function useParley(): ParleyClient {
  const client = useContext(Context);
  if (client === null) throw new Error("There is no ParleyProvider above this component.");
  return client;
}
