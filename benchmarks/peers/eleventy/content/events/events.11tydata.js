module.exports = { layout: "event.njk", permalink: (data) => `events/${data.page.fileSlug}.html` };
