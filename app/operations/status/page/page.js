// Asks for the status once a second while the page is visible and not paused.
import { Charts } from "/status/charts.js";
import { Recent, Replica } from "/status/figures.js";
import { onChange, signOut } from "/status/sign-in.js";
import { identity, show } from "/status/tables.js";

const INTERVAL_MS = 1000;
const NEWS_INTERVAL_MS = 5000; // a screen reader should not speak all the time
const main = document.querySelector("main");
const pause = document.getElementById("pause");
const news = document.getElementById("news");
const recent = new Recent();
const replica = new Replica();
let charts = null; // created when they are visible and have a width
let token = null;
let timer = null;
let isPaused = false;
let known = null; // the closed connections of the last response
let unannounced = [];
let announcedAt = 0;

function start() {
  clearTimeout(timer);
  timer = null;
  if (token !== null && !isPaused && !document.hidden) {
    timer = setTimeout(poll, 0);
  }
}

async function poll() {
  const own = timer;
  const began = performance.now();
  let waitMs = INTERVAL_MS;
  try {
    const response = await fetch("/v1/status", {
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
    });
    const body = await response.json();
    if (own !== timer) {
      return; // paused or signed out in the meantime
    }
    if (response.status === 401 || response.status === 403) {
      signOut(body.detail);
      return;
    }
    if (response.ok) {
      receive(body);
    } else {
      say(body.detail);
      waitMs = Math.max(waitMs, 1000 * Number(response.headers.get("Retry-After")));
    }
  } catch {
    say("The service does not respond.");
    charts?.add(null);
  }
  if (own === timer) {
    timer = setTimeout(poll, Math.max(0, waitMs - (performance.now() - began)));
  }
}

function receive(status) {
  if (!replica.accepts(status.instance_id, Date.now())) {
    document.getElementById("replicas").hidden = false;
    return;
  }
  main.hidden = false;
  charts ??= new Charts(document.getElementById("charts"));
  const figures = recent.add(status);
  show(status, figures);
  if (figures !== null) {
    charts.add(figures);
  }
  document.getElementById("age").textContent = `As of ${new Date().toLocaleTimeString()}`;
  announce(status.closed_connections);
}

/** Say how many connections were closed, and why, but not more often than every five seconds. */
function announce(closed) {
  const current = new Set(closed.map(identity));
  if (known !== null) {
    unannounced.push(...closed.filter((it) => !known.has(identity(it))));
  }
  known = current;
  if (unannounced.length > 0 && Date.now() - announcedAt > NEWS_INTERVAL_MS) {
    const causes = [...new Set(unannounced.map((it) => it.cause))].join(", ");
    say(`Connections closed: ${unannounced.length} (${causes}).`);
    unannounced = [];
    announcedAt = Date.now();
  } else if (unannounced.length === 0 && Date.now() - announcedAt > NEWS_INTERVAL_MS) {
    say("");
  }
}

function say(text) {
  if (news.textContent !== text) {
    news.textContent = text;
  }
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Resume" : "Pause";
  say(isPaused ? "Paused." : "");
  start();
});
document.addEventListener("visibilitychange", start);
onChange((current) => {
  token = current;
  if (token === null) {
    main.hidden = true;
    known = null;
    say("");
  }
  start();
});
