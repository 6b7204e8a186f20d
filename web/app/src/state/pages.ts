import type { Page } from "@parley/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { errorText } from "./errors";

const PAUSE_MS = 250;

interface Pages<Item> {
  readonly items: readonly Item[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: string | null;
  readonly more: () => void;
}

const NOTHING = { items: [], isLoading: false, cursor: null, error: null } as const;

/** What a paged list answers to a text, asked for when the text rests; answers to an older text are dropped. null asks nothing. */
export function usePages<Item>(text: string | null, ask: (text: string, cursor?: string) => Promise<Page<Item>>): Pages<Item> {
  const [state, setState] = useState<{ items: readonly Item[]; isLoading: boolean; cursor: string | null; error: string | null }>(NOTHING);
  const turn = useRef(0);
  const asker = useRef(ask);
  asker.current = ask;

  const load = useCallback(async (wanted: string, cursor: string | null) => {
    const mine = ++turn.current;
    setState((known) => ({ ...known, isLoading: true, error: null }));
    try {
      const page = await (cursor === null ? asker.current(wanted) : asker.current(wanted, cursor));
      if (mine !== turn.current) return;
      setState((known) => ({ items: cursor === null ? page.items : [...known.items, ...page.items], isLoading: false, cursor: page.nextCursor, error: null }));
    } catch (error) {
      if (mine === turn.current) setState((known) => ({ ...known, isLoading: false, error: errorText(error) }));
    }
  }, []);

  useEffect(() => {
    turn.current += 1;
    if (text === null) {
      setState(NOTHING);
      return;
    }
    setState((known) => ({ ...known, isLoading: true, error: null }));
    const timer = setTimeout(() => void load(text, null), PAUSE_MS);
    return () => { clearTimeout(timer); };
  }, [load, text]);

  return {
    items: state.items,
    isLoading: state.isLoading,
    hasMore: state.cursor !== null,
    error: state.error,
    more: () => {
      if (text !== null && state.cursor !== null && !state.isLoading) void load(text, state.cursor);
    },
  };
}
