// Draws the reference from this server's own description; nothing is asked of another origin.

// The reference shows the examples of one media type only, and sends every parameter that has an example. So, for the
// eye: all examples of an answer in one list, and examples and defaults of optional parameters as words.
function forTheEye(description) {
  for (const operations of Object.values(description.paths)) {
    for (const operation of Object.values(operations)) {
      for (const parameter of operation.parameters ?? []) {
        if (parameter.required) continue;
        if (parameter.name === "dry_run") {
          parameter.example = true; // "Test Request" sends it, so that trying asks nobody for help
          continue;
        }
        const { schema, description = "" } = parameter;
        const example = parameter.example ?? schema.examples?.[0];
        const told = [description];
        if (schema.default !== undefined) told.push(`Without it: \`${schema.default}\`.`);
        else if (example !== undefined) told.push(`Such as \`${example}\`.`);
        parameter.description = told.join(" ");
        delete parameter.example;
        delete schema.examples;
        delete schema.default;
      }
      for (const response of Object.values(operation.responses)) {
        const types = Object.values(response.content ?? {});
        if (types.length > 1) {
          types[0].examples = Object.assign({}, ...types.map((type) => type.examples));
          response.content = { [Object.keys(response.content)[0]]: types[0] };
        }
      }
    }
  }
  return description;
}

// What the reference leaves unsaid to those who cannot see it.
function forTheEar() {
  for (const button of document.querySelectorAll("button.scalar-code-copy:not([aria-label])")) {
    button.setAttribute("aria-label", "Copy");
  }
  for (const button of document.querySelectorAll("button.show-more[aria-label^='Show all']")) {
    const about = button.getAttribute("aria-label").slice("Show all".length);
    button.setAttribute("aria-label", `${button.textContent.trim()}:${about}`);
  }
  for (const card of document.querySelectorAll(".response-card[role='region']")) {
    card.setAttribute("role", "group"); // one for every operation: too many to be landmarks
  }
  for (const scrolling of document.querySelectorAll(".markdown pre code:not([tabindex]), ul.endpoints:not([tabindex])")) {
    scrolling.setAttribute("tabindex", "0"); // it scrolls, so the keyboard must reach it
  }
}

let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    forTheEar();
  });
}).observe(document.body, { childList: true, subtree: true });

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the reference reads the address's fragment itself
  const main = document.querySelector("main") ?? document.querySelector("#reference");
  main.setAttribute("tabindex", "-1");
  main.focus();
});

async function draw() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`The description cannot be read: ${answer.status}.`);
  Scalar.createApiReference("#reference", {
    content: forTheEye(await answer.json()),
    agent: { disabled: true },
    mcp: { disabled: true },
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    documentDownloadType: "none", // the story links to the description as it is
    hideClientButton: true,
    orderSchemaPropertiesBy: "preserve",
    showDeveloperTools: "never",
    telemetry: false,
    withDefaultFonts: false,
  });
}

draw().catch((error) => {
  document.querySelector("#reference").textContent = String(error.message);
});
