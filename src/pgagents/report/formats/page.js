"use strict";
(() => {
  const form = document.querySelector(".filters");
  const findings = [...document.querySelectorAll("article.finding")];
  for (const command of document.querySelectorAll(".command")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    command.querySelector("p").append(button);
  }
  if (!form) return;
  const texts = findings.map((one) => one.textContent.toLowerCase());
  const none = document.querySelector(".none");
  const filter = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const surface = form.elements.surface.value;
    const rank = form.elements.rank.value;
    let shown = 0;
    findings.forEach((one, i) => {
      const fits = words.every((word) => texts[i].includes(word))
        && (!surface || one.dataset.surfaces.split(" ").includes(surface))
        && (!rank || one.dataset.rank === rank)
        && (form.elements.odd.checked || rank === "odd" || one.dataset.rank !== "odd")
        && (form.elements.known.checked || !("known" in one.dataset));
      one.hidden = !fits;
      shown += fits;
    });
    none.hidden = shown > 0;
    form.querySelector("output").value = shown === findings.length ? "" : `${shown} of ${findings.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
