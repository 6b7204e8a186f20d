import { useAuth } from "@parley/react";
import { lazy, Suspense, type ReactNode } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { ErrorBoundary } from "./parts/ErrorBoundary";
import { Splash } from "./parts/Splash";
import { Toasts } from "./parts/Toasts";
import { Home } from "./screens/Home";

const SignIn = lazy(() => import("./screens/SignIn").then((module) => ({ default: module.SignIn })));

export function App(): ReactNode {
  return (
    <ErrorBoundary>
      <Suspense fallback={<Splash />}>
        <Routes />
      </Suspense>
      <Toasts />
    </ErrorBoundary>
  );
}

function Routes(): ReactNode {
  const { status } = useAuth();
  const [location] = useLocation();
  if (status === "restoring") return <Splash />;
  if (status === "signed-in") {
    return (
      <Switch>
        <Route path="/sign-in">
          <Redirect to={wanted()} replace />
        </Route>
        <Route path="/sign-up">
          <Redirect to={wanted()} replace />
        </Route>
        <Route>
          <Home />
        </Route>
      </Switch>
    );
  }
  return (
    <Switch>
      <Route path="/sign-in">
        <SignIn mode="in" />
      </Route>
      <Route path="/sign-up">
        <SignIn mode="up" />
      </Route>
      <Route>
        <Redirect to={location === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(location)}`} replace />
      </Route>
    </Switch>
  );
}

/** Where somebody wanted to go before they had to sign in: a path of this app, never another address. */
function wanted(): string {
  const next = new URLSearchParams(window.location.search).get("next") ?? "/";
  return /^\/(c|settings)\b/.test(next) ? next : "/";
}
