/** What is loaded when it is first opened. All of it is fetched ahead, as without a network it could not be. */
const PARTS = [
  () => import("../parts/Confirm"),
  () => import("../parts/Menu"),
  () => import("../screens/AddMembers"),
  () => import("../screens/EditGroup"),
  () => import("../screens/EmojiPopover"),
  () => import("../screens/EraseAccount"),
  () => import("../screens/InfoPanel"),
  () => import("../screens/Lightbox"),
  () => import("../screens/MessageMenu"),
  () => import("../screens/NewChat"),
  () => import("../screens/Results"),
  () => import("../screens/SearchPanel"),
  () => import("../screens/Settings"),
  () => import("../screens/Shortcuts"),
  () => import("../screens/SignIn"),
] as const;

/** Runs something when there is nothing else to do; not all browsers tell of it. */
function later(run: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(run);
  else setTimeout(run, 200);
}

/** Fetches one part after the other. */
export function loadAhead(): void {
  const parts = [...PARTS];
  const next = (): void => {
    const part = parts.shift();
    // One that cannot be had now is asked for again when it is opened.
    if (part) void part().catch(() => undefined).then(() => { later(next); });
  };
  later(next);
}
