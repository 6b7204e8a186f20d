import { ParleyProvider } from "@parley/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { client } from "./state/client";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/messages.css";

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ParleyProvider client={client}>
        <App />
      </ParleyProvider>
    </StrictMode>,
  );
}
