// Draws the reference from this server's own description; nothing is asked of another origin.
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  agent: { disabled: true },
  mcp: { disabled: true },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  documentDownloadType: "json",
  favicon: "/favicon.svg",
  hideClientButton: true,
  orderSchemaPropertiesBy: "preserve",
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
});
