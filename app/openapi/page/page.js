"use strict";

// The access token is kept in local storage by Swagger UI (persistAuthorization), the name and the
// end of its lifetime by this script. The refresh token is revoked at once: nothing here needs it.
const SESSION = "signed-in";
const form = document.getElementById("sign-in");
const status = document.getElementById("status");

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: true,
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
  validatorUrl: null, // otherwise the URL of the document is sent to swagger.io
});

function basic(user, password) {
  return "Basic " + btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
}

function show() {
  const session = JSON.parse(localStorage.getItem(SESSION) || "null");
  const isValid = session !== null && session.until > Date.now();
  if (session !== null && !isValid) {
    forget();
  }
  form.classList.toggle("signed-in", isValid);
  document.getElementById("sign-out").hidden = !isValid;
  document.getElementById("user").required = !isValid;
  document.getElementById("password").required = !isValid;
  status.textContent = isValid
    ? `Signed in as ${session.user} until ${new Date(session.until).toLocaleTimeString()}`
    : "";
}

function forget() {
  localStorage.removeItem(SESSION);
  ui.authActions.logoutWithPersistOption(["bearer"]);
}

async function signIn(user, password) {
  const response = await fetch("/v1/tokens", {
    method: "POST",
    headers: { Authorization: basic(user, password) },
    credentials: "omit", // the browser does not open its own dialog after a 401
  });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.detail);
  }
  ui.authActions.authorizeWithPersistOption({
    bearer: { name: "bearer", schema: { type: "http", scheme: "bearer" }, value: body.access_token },
  });
  const until = Date.now() + 1000 * body.expires_in;
  localStorage.setItem(SESSION, JSON.stringify({ user, until }));
  setTimeout(show, 1000 * body.expires_in + 100);
  await fetch("/v1/tokens/revoke", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: body.refresh_token }),
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const password = document.getElementById("password");
  try {
    await signIn(document.getElementById("user").value, password.value);
    password.value = "";
    show();
  } catch (error) {
    status.textContent = error.message;
  }
});

document.getElementById("sign-out").addEventListener("click", () => {
  forget();
  show();
});

show();
