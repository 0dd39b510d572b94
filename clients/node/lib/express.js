"use strict";

const { measure } = require("./measuring.js");
const { reporterOf } = require("./reporter.js");

/** A middleware of Express 4 and 5: app.use(express(options)), before all others. */
function express(options) {
  const reporter = reporterOf(options);
  return function netledger(request, response, next) {
    let route = noRoute;
    let address;
    try {
      route = watchRoute(request);
      address = request.ip; // as the application's "trust proxy" has it
    } catch (error) {
      reporter.noteFault(error);
    }
    measure(reporter, request, response, { address, route });
    next();
  };
}

function noRoute() {
  return "";
}

/**
 * A function that returns the template of the route that was matched last, with the templates of the routers around it.
 *
 * Express keeps the path of a router only as it was requested ("/orgs/5" in baseUrl, for "/orgs/:org"), and takes it back
 * when a handler fails. So both are noted when Express sets them: baseUrl together with the values of its parameters, and
 * the route while baseUrl is that of its router.
 */
function watchRoute(request) {
  const templates = new Map(); // by baseUrl
  let base = request.baseUrl ?? "";
  let { route } = request;
  let template = "";
  templates.set(base, base);
  Object.defineProperties(request, {
    baseUrl: {
      configurable: true,
      enumerable: true,
      get: () => base,
      set(value) {
        // A router is entered by a longer one; a shorter one is that of the router around, whose template is known.
        if (typeof value === "string" && value.length > base.length && value.startsWith(base)) {
          templates.set(value, (templates.get(base) ?? base) + filled(value.slice(base.length), request.params ?? {}));
        }
        base = value;
      },
    },
    route: {
      configurable: true,
      enumerable: true,
      get: () => route,
      set(value) {
        route = value;
        template = joined(templates.get(base) ?? base, value?.path);
      },
    },
  });
  return () => template;
}

/**
 * A path with the values of parameters replaced by their names, from the last segment to the first: Express does not give
 * the pattern. Where a value is also a fixed segment after it, that one is taken.
 */
function filled(path, params) {
  const segments = path.split("/");
  const isName = segments.map(() => false);
  for (const [name, value] of Object.entries(params).reverse()) {
    for (const part of [value].flat().reverse()) {
      if (typeof part !== "string" || !part) continue;
      const place = lastPlace(segments, isName, part);
      if (place < 0) continue;
      segments[place] = decoded(segments[place]).replace(part, () => `:${name}`);
      isName[place] = true;
    }
  }
  return segments.join("/");
}

function lastPlace(segments, isName, part) {
  const whole = segments.findLastIndex((each, place) => !isName[place] && decoded(each) === part);
  if (whole >= 0) return whole;
  return segments.findLastIndex((each, place) => !isName[place] && decoded(each).includes(part));
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function joined(base, path) {
  if (path === undefined) return "";
  const text = Array.isArray(path) ? path.map(String).join("|") : String(path);
  if (text === "/" && base) return base;
  return text.startsWith("/") || !base ? base + text : `${base}/${text}`;
}

module.exports = { express };
