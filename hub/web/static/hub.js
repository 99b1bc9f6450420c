// The theme before the first paint, and keys. The pages work without it.
"use strict";
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const asked = root.dataset.bsTheme;
const paint = () => { if (!asked) root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
paint();
dark.addEventListener("change", paint);

const writing = (at) => at.closest("input, textarea, select, [contenteditable]");

function step(by) {
  const rows = [...document.querySelectorAll("tr[data-row]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("at"));
  const next = rows[Math.min(Math.max(now + by, 0), rows.length - 1)];
  rows.forEach((row) => row.classList.remove("at"));
  next.classList.add("at");
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && writing(event.target)) return event.target.blur();
  if (writing(event.target)) return;
  const search = document.getElementById("q");
  if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else if (/^[a-z]$/.test(event.key) && !event.repeat) document.querySelector(`[data-key="${event.key}"]`)?.click();
});
