// The session of all pages of this service, and the form to begin it.
//
// The access token is kept in local storage until it expires. The refresh token is kept in the
// memory of the page that signed in: it renews the session there, and is revoked with that page.
const SESSION = "signed-in";
const RENEW_AT = 0.8; // of the lifetime of an access token
const form = document.getElementById("sign-in");
const status = document.getElementById("status");
const signOutButton = document.getElementById("sign-out");
const fields = [document.getElementById("user"), document.getElementById("password")];
const listeners = [];
let refreshToken = null;
let shown; // the access token that the listeners know
let expiry; // the timer

/** Call `listener(token)` now and after each change; null: nobody is signed in. */
export function onChange(listener) {
  listeners.push(listener);
  listener(session()?.token ?? null);
}

/** Forget the session; the message is shown beside the form. */
export function signOut(message = "") {
  localStorage.removeItem(SESSION);
  revoke();
  show();
  status.textContent = message;
}

function session() {
  const stored = JSON.parse(localStorage.getItem(SESSION) || "null");
  if (stored !== null && !(stored.token && stored.until > Date.now())) {
    localStorage.removeItem(SESSION);
    return null;
  }
  return stored;
}

function show() {
  const current = session();
  const hadFocus = form.contains(document.activeElement);
  form.classList.toggle("signed-in", current !== null);
  signOutButton.hidden = current === null;
  for (const field of fields) {
    field.required = current === null;
  }
  status.textContent = current
    ? `Signed in as ${current.user} until ${new Date(current.until).toLocaleTimeString()}`
    : "";
  clearTimeout(expiry);
  if (current) {
    expiry = setTimeout(show, current.until - Date.now() + 100);
  }
  if (hadFocus) {
    (current ? signOutButton : fields[0]).focus(); // what had it may be hidden now
  }
  const token = current?.token ?? null;
  if (token !== shown) {
    shown = token;
    listeners.forEach((listener) => listener(token));
  }
}

function basic(user, password) {
  return "Basic " + btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
}

function post(path, headers, body, options = {}) {
  // Without credentials, the browser does not open its own dialog after a 401.
  return fetch(path, { method: "POST", headers, body, credentials: "omit", ...options });
}

function postToken(path, options) {
  const body = JSON.stringify({ refresh_token: refreshToken });
  return post(path, { "Content-Type": "application/json" }, body, options);
}

async function begin(user, response) {
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.detail);
  }
  refreshToken = body.refresh_token;
  const until = Date.now() + 1000 * body.expires_in;
  localStorage.setItem(SESSION, JSON.stringify({ user, until, token: body.access_token }));
  setTimeout(renew, 1000 * body.expires_in * RENEW_AT, user, refreshToken);
}

async function renew(user, token) {
  if (token !== refreshToken) {
    return; // signed out, or another user
  }
  try {
    await begin(user, await postToken("/v1/tokens/refresh"));
    show();
  } catch {
    // The session ends when the access token expires.
  }
}

function revoke() {
  if (refreshToken !== null) {
    postToken("/v1/tokens/revoke", { keepalive: true });
    refreshToken = null;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [user, password] = fields;
  try {
    const headers = { Authorization: basic(user.value, password.value) };
    await begin(user.value, await post("/v1/tokens", headers));
    password.value = "";
    show();
  } catch (error) {
    status.textContent = error.message;
  }
});

signOutButton.addEventListener("click", () => signOut());
addEventListener("storage", show); // another tab has signed in or out
addEventListener("pagehide", revoke);
show();
