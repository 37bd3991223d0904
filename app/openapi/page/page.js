import { onChange } from "/docs/sign-in.js";

const ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
  validatorUrl: null, // otherwise the URL of the document is sent to swagger.io
});

let isAuthorized = false; // Swagger UI cannot sign out who is not signed in

onChange((token) => {
  if (token !== null) {
    const schema = { type: "http", scheme: "bearer" };
    ui.authActions.authorize({ bearer: { name: "bearer", schema, value: token } });
  } else if (isAuthorized) {
    ui.authActions.logout(["bearer"]);
  }
  isAuthorized = token !== null;
});
