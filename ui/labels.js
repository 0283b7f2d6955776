// Some of Streamlit's own words are English and cannot be set; this puts those of the page in their place.
((language, labels, texts) => {
  document.documentElement.lang = language;
  window.pageWords = { labels, texts };
  const say = (label) => {
    const { labels } = window.pageWords;
    return label.startsWith("Remove ") ? `${labels.Remove} ${label.slice(7)}` : labels[label];
  };
  const translate = () => {
    for (const element of document.querySelectorAll("[aria-label]")) {
      const now = element.getAttribute("aria-label");
      if (now !== element.pageLabel) element.streamlitLabel = now;
      const said = say(element.streamlitLabel);
      if (said === undefined || said === now) continue;
      element.pageLabel = said;
      element.setAttribute("aria-label", said);
    }
    for (const [place, text] of Object.entries(window.pageWords.texts)) {
      const node = document.querySelector(place)?.firstChild;
      if (node && node.nodeValue !== text) node.nodeValue = text;
    }
  };
  translate();
  if (window.pageObserver) return;
  window.pageObserver = new MutationObserver(translate);
  window.pageObserver.observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
})
