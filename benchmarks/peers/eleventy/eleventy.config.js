const words = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

function group(events, key) {
  const found = new Map();
  for (const event of events) found.set(key(event), [...(found.get(key(event)) ?? []), event]);
  return [...found.entries()].sort(([one], [other]) => (one < other ? -1 : 1));
}

module.exports = function (config) {
  const events = (api) => api.getFilteredByGlob("content/events/*.md");
  config.addPassthroughCopy("content/style.css");
  config.addFilter("words", (day) => words.format(new Date(day)));
  config.addFilter("machine", (day) => day.toISOString().slice(0, 10));
  config.addCollection("events", (api) => {
    const found = events(api);
    found.forEach((event, index) => {
      event.data.before = found[index - 1];
      event.data.after = found[index + 1];
    });
    return found;
  });
  config.addCollection("years", (api) => group(events(api), (event) => event.date.getUTCFullYear()));
  config.addCollection("categories", (api) => group(events(api), (event) => event.data.category));
  return { dir: { input: "content", includes: "../_includes", output: "public" }, markdownTemplateEngine: false };
};
