/** React hooks for `@parley/client`: put `ParleyProvider` around the application. */
export { ParleyProvider, useParley } from "./context.js";
export * from "./hooks.js";
