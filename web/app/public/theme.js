// Before the first paint, so that a dark page does not flash up white. The app's own code changes it later on.
try {
  document.documentElement.dataset.theme = localStorage.getItem("parley.theme") || "system";
} catch {
  document.documentElement.dataset.theme = "system";
}
