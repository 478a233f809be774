// Looks at a page as its reader does, and tells the page around it: what is cut off, what cannot be reached, what axe finds.
"use strict";

function cutOff() {
  const cut = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const around = node.parentElement;
    if (!node.textContent.trim() || around.closest("script, style, .skip") || !around.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const scrolls = around.closest(".scroll");
    const right = scrolls ? Math.min(innerWidth, scrolls.getBoundingClientRect().right) : innerWidth;
    if (around.closest("tr.head") && box.right <= 0) continue; // for who listens, not for who looks
    if (box.width === 0 || box.left < -1 || box.right > right + 1) cut.push(node.textContent.trim().slice(0, 60));
  }
  return cut;
}

function unreached() {
  return [...document.querySelectorAll("a[href], summary, button, input, [tabindex]")]
    .filter((each) => { each.focus(); return document.activeElement !== each; })
    .map((each) => each.outerHTML.slice(0, 80));
}

addEventListener("load", async () => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const found = await axe.run(document, { resultTypes: ["violations"] });
  const told = {
    width: innerWidth,
    wide: document.documentElement.scrollWidth,
    cut: cutOff(),
    unreached: unreached(),
    violations: found.violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`),
    looked: found.passes.length,
  };
  parent.postMessage(JSON.stringify(told), "*");
});
