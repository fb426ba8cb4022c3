(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const phone = matchMedia("(max-width: 480px)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const themed = (layout) => {
    const look = structuredClone(layout);
    look.paper_bgcolor = look.plot_bgcolor = "rgba(0,0,0,0)";
    look.font = { family: getComputedStyle(document.body).fontFamily, size: phone.matches ? 10 : 11, color: colour("--soft") };
    look.hovermode = "closest";
    look.dragmode = false;
    for (const key of Object.keys(look).filter((k) => /^[xy]axis/.test(k)))
      look[key] = { gridcolor: colour("--rule"), linecolor: colour("--rule"), zeroline: false, fixedrange: true, ...look[key] };
    return look;
  };
  const draw = (place) => {
    const figure = JSON.parse(place.querySelector("script").textContent);
    const into = place.querySelector(".drawn") || place.appendChild(Object.assign(document.createElement("div"), { className: "drawn" }));
    return Plotly.react(into, figure.data, themed(figure.layout), { responsive: true, displayModeBar: false, displaylogo: false });
  };
  const plots = [...document.querySelectorAll(".plot")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) { seen.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "600px" });
  plots.forEach((place) => seen.observe(place));
  dark.addEventListener("change", () => plots.filter((p) => p.querySelector(".drawn")).forEach(draw));
  addEventListener("beforeprint", () => plots.forEach(draw));
})();
