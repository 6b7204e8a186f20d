/** Chat on Parley from browsers and Node. Begin with `ParleyClient`. */
export { ParleyClient } from "./client.js";
export { ParleyError } from "./errors.js";
export type { ErrorDetails } from "./errors.js";
export type { ClientOptions, Platform, WebSocketLike } from "./options.js";
export type { ParleyStore, Topic } from "./store.js";
export type * from "./types.js";
