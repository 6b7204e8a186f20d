import { ParleyClient } from "@parley/client";

/** What the list of sessions calls this browser. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = agent.includes('Edg/') ? "Edge" : agent.includes('Firefox/') ? "Firefox" : agent.includes('Chrome/') ? "Chrome" : agent.includes('Safari/') ? "Safari" : "Browser";
  const system = agent.includes('Android') ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : agent.includes('Windows') ? "Windows" : agent.includes('Mac OS') ? "macOS" : "Linux";
  return `${browser} on ${system}`;
}

export const client = new ParleyClient({ deviceName: deviceName() });
